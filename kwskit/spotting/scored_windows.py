"""Windows of a stream with what they score."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kwskit.spotting.verifier import Verified


@dataclass(frozen=True, eq=False)
class ScoredWindows:
    """Windows of a stream, in the order in which they are known.

    Attributes
    ----------
    start, stop : (n,) seconds of the stream
    known : (n,) seconds of the stream that had to be heard for a window
    score : (n, Q) of each keyword, -inf where the window is none of its
    seen : seconds before which no later window will be known
    parts : (n, 2) of the score of the keyword that a window is of, of its embedding and of its phonemes, in a spotter
        of two stages; else None
    """

    start: NDArray[np.float64]
    stop: NDArray[np.float64]
    known: NDArray[np.float64]
    score: NDArray[np.float32]
    seen: float = 0.0
    parts: NDArray[np.float32] | None = None

    @classmethod
    def none(cls, queries: int) -> "ScoredWindows":
        """No windows."""
        return cls(np.zeros(0), np.zeros(0), np.zeros(0), np.zeros((0, queries), np.float32))

    @classmethod
    def of_places(
        cls,
        start: NDArray[np.float64],
        stop: NDArray[np.float64],
        query: NDArray[np.int64],
        judged: Verified,
        queries: int,
        seen: float,
    ) -> "ScoredWindows":
        """A window for each place (n,) of the keyword ``query`` (n,), of ``queries`` in all."""
        score = np.full((len(start), queries), -np.inf, np.float32)
        score[np.arange(len(start)), query] = judged.score
        order = np.lexsort((start, stop))
        parts = np.stack([judged.embedding, judged.phonemes], 1)
        return cls(start[order], stop[order], stop[order], score[order], seen, parts[order])

    @classmethod
    def join(cls, parts: "list[ScoredWindows]") -> "ScoredWindows":
        """All windows of ``parts``, at least one, which are of one kind."""
        start, stop, known, score = (
            np.concatenate([getattr(one, name) for one in parts]) for name in ("start", "stop", "known", "score")
        )
        order = np.lexsort((start, known))
        own = [one.parts for one in parts if one.parts is not None]
        seen = max(one.seen for one in parts)
        both = np.concatenate(own)[order] if own else None
        return cls(start[order], stop[order], known[order], score[order], seen, both)
