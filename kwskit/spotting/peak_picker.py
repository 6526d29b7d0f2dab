"""Window scores of a stream merged into peaks."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray


class Peaks(NamedTuple):
    """Peaks of any number of queries, each (n,): ``query`` int64, ``start`` and ``stop`` in seconds, ``score``."""

    query: NDArray[np.int64]
    start: NDArray[np.float64]
    stop: NDArray[np.float64]
    score: NDArray[np.float32]

    @staticmethod
    def join(parts: "list[Peaks]") -> "Peaks":
        """One after another."""
        if not parts:
            return Peaks(np.zeros(0, np.int64), np.zeros(0), np.zeros(0), np.zeros(0, np.float32))
        columns: Any = (np.concatenate(column) for column in zip(*parts, strict=True))
        return Peaks(*columns)

    def highest(self, most: int) -> "Peaks":
        """The ``most`` highest of each query, by query and time."""
        order = np.lexsort((self.start, -self.score, self.query))
        query = self.query[order]
        rank = np.arange(len(query)) - np.searchsorted(query, query)
        kept = order[rank < most]
        kept = kept[np.lexsort((self.start[kept], self.query[kept]))]
        return Peaks(self.query[kept], self.start[kept], self.stop[kept], self.score[kept])


class PeakPicker:
    """The highest window of a query is a peak, and so is the highest of those that no peak is close to, and so on.

    Close is a distance of the windows' centres below the refractory time; of equal scores the earlier wins. A peak is
    told as soon as nothing that comes later can change it, so that how windows are handed over makes no difference.

    Parameters
    ----------
    queries : how many there are
    refractory : in seconds
    """

    def __init__(self, queries: int, refractory: float):
        self.refractory = refractory
        self._start, self._stop = np.zeros(0), np.zeros(0)
        self._score = np.zeros((0, queries), np.float32)  # -inf where decided

    def push(
        self, start: NDArray[np.float64], stop: NDArray[np.float64], score: NDArray[np.float32], seen: float
    ) -> Peaks:
        """The peaks that are certain now.

        Parameters
        ----------
        start, stop : (n,) of windows, in seconds
        score : (n, queries)
        seen : all windows with their centre up to here, in seconds, have been handed over; infinity at the end
        """
        start, stop = np.concatenate([self._start, start]), np.concatenate([self._stop, stop])
        order = np.lexsort((start, start + stop))
        start, stop = start[order], stop[order]
        score = np.concatenate([self._score, score])[order]
        centre = (start + stop) / 2
        query = np.arange(score.shape[1])
        left = score.copy()  # -inf where decided or looked at
        tainted = np.broadcast_to((centre + self.refractory > seen)[:, None], score.shape).copy()
        found: list[Peaks] = []
        while len(centre):
            best = left.argmax(0)
            alive = left[best, query] > -np.inf
            if not alive.any():
                break
            close = np.abs(centre[:, None] - centre[best]) < self.refractory
            close[best, query] = True
            certain = alive & ~tainted[best, query]
            at = best[certain]
            found.append(Peaks(query[certain], start[at], stop[at], score[at, query[certain]]))
            gone = close & certain
            left[gone] = score[gone] = -np.inf
            # What is close to a window that may be a peak or not may be suppressed or not.
            unsure = alive & ~certain
            tainted |= close & unsure
            left[best[unsure], query[unsure]] = -np.inf
        kept = (score > -np.inf).any(1)
        self._start, self._stop, self._score = start[kept], stop[kept], score[kept]
        return Peaks.join(found)
