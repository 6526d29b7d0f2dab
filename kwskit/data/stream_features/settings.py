"""How words are heard before training."""

from dataclasses import dataclass


@dataclass(frozen=True)
class StreamFeatureSettings:
    """How words are heard before training.

    Parameters
    ----------
    views : times that each word is heard, each augmented anew
    alone : share of the words that are heard cut out, between silence, as trials are; the others where they were said
    jitter : the most, in seconds, by which a window begins before a word and ends after it; it cuts at most a third of
        that off
    phrases : share of the segments of several words that are trained on
    seed : of all draws

    Raises
    ------
    ValueError
        For a number out of range.
    """

    views: int = 2
    alone: float = 0.3
    jitter: float = 0.12
    phrases: float = 1.0
    seed: int = 1

    def __post_init__(self) -> None:
        if not isinstance(self.views, int) or self.views < 1:
            raise ValueError(f"views must be a whole number of at least 1, not {self.views!r}")
        if not 0 <= self.alone <= 1 or self.jitter < 0 or not 0 <= self.phrases <= 1:
            raise ValueError(f"alone and phrases in 0 to 1, and jitter >= 0 must hold, not {self}")
