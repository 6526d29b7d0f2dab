"""What a spotter listens for."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kwskit.spotting.adapted.head import AdaptedHead
from kwskit.text.keyword_reader import Readings


@dataclass(frozen=True, eq=False)
class Keyword:
    """A word or phrase that has been enrolled.

    Attributes
    ----------
    name : what hits are told under
    text : the word or phrase that was typed; empty where only examples were given
    pronunciations : phonemes, such as ``HH EY1 | N OW1 V AH0``, the likeliest first; empty without text
    embeddings : (P, dim) unit rows; a window is as similar as the most similar row
    seconds : how long it takes to be said, presumably
    windows : lengths of the windows that fit it, in seconds, ascending
    threshold : least score of a hit
    fa_per_hour : false alarms an hour that the threshold was asked for, or None where it was given
    threshold_source : where the threshold comes from: ``given``, ``counted``, ``extrapolated`` or ``gaussian``
    examples : recordings of it that it was enrolled with
    phonemes : token ids of each pronunciation without word boundaries, for models that hear phonemes; else empty
    readings : how it is said, and where that is from; None without text
    least : threshold that one for a rate is at least: marked false alarms reach nearly up to it, and parts of a phrase
    head : judges its windows, of an adapted keyword; else None, and its score is that of what was typed
    """

    name: str
    text: str
    pronunciations: tuple[str, ...]
    embeddings: NDArray[np.float32]
    seconds: float
    windows: tuple[float, ...]
    threshold: float = float("nan")
    fa_per_hour: float | None = None
    threshold_source: str = "given"
    examples: int = 0
    phonemes: tuple[tuple[int, ...], ...] = ()
    readings: Readings | None = None
    head: AdaptedHead | None = None
    least: float = float("-inf")

    @property
    def typed(self) -> str:
        """What can be typed to have it said so again; the name where only examples were given."""
        return self.name if self.readings is None else str(self.readings.typed)

    @property
    def tokens(self) -> tuple[tuple[int, ...], ...]:
        """Token ids of each pronunciation; empty without text."""
        return () if self.readings is None else self.readings.tokens

    def said_text(self) -> str:
        """How it is said, for a person, and whether that is a guess."""
        if not self.pronunciations:
            return f"{self.examples} examples"
        guessed = self.readings is not None and self.readings.guessed
        return " or ".join(self.pronunciations) + (
            " (guessed: WORD=PHONEMES or WORD~RESPELLING says how)" if guessed else ""
        )

    def threshold_text(self, minutes: float) -> str:
        """The threshold for a person, with what it was set for and by what that is estimated.

        Parameters
        ----------
        minutes : length of the background that the spotter has; 0 without
        """
        if self.fa_per_hour is None:
            return f"{self.threshold:.2f}, as given"
        source = "not calibrated: there is no background"
        if self.threshold_source != "gaussian":
            way = "counted in" if self.threshold_source == "counted" else "extrapolated from"
            source = f"{way} {minutes:.1f} minutes of background"
        return f"{self.threshold:.2f}, for {self.fa_per_hour:g} false alarms an hour ({source})"
