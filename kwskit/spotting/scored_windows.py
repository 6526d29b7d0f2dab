"""Windows of a stream with what they score."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from kwskit.spotting.phoneme_scores import WEIGHT


@dataclass(frozen=True, eq=False)
class ScoredWindows:
    """Windows of a stream, in the order in which they are known.

    Attributes
    ----------
    start, stop : (n,) seconds of the stream
    known : (n,) seconds of the stream that had to be heard for a window
    score : (n, Q) of each keyword, -inf where the window is none of its
    seen : seconds before which no later window will be known
    phonemes : (n, Q) the part of ``score`` that is of phonemes, before it is weighed; None where none are heard
    """

    start: NDArray[np.float64]
    stop: NDArray[np.float64]
    known: NDArray[np.float64]
    score: NDArray[np.float32]
    seen: float = 0.0
    phonemes: NDArray[np.float32] | None = None

    @classmethod
    def none(cls, queries: int) -> "ScoredWindows":
        """No windows."""
        return cls(np.zeros(0), np.zeros(0), np.zeros(0), np.zeros((0, queries), np.float32))

    def with_phonemes(self, phonemes: NDArray[np.float32]) -> "ScoredWindows":
        """The same, judged by the scores (n, Q) of ``phonemes``, too."""
        return replace(self, score=self.score + np.float32(WEIGHT) * phonemes, phonemes=phonemes)

    @classmethod
    def join(cls, parts: "list[ScoredWindows]") -> "ScoredWindows":
        """All windows of ``parts``, at least one, which are of one kind."""
        start, stop, known, score = (
            np.concatenate([getattr(one, name) for one in parts]) for name in ("start", "stop", "known", "score")
        )
        order = np.lexsort((start, known))
        own = [one.phonemes for one in parts if one.phonemes is not None]
        seen = max(one.seen for one in parts)
        phonemes = np.concatenate(own)[order] if own else None
        return cls(start[order], stop[order], known[order], score[order], seen, phonemes)
