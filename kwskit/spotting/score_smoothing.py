"""Scores of windows averaged over their neighbours."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from kwskit.spotting.expected_duration import WINDOWS
from kwskit.spotting.keyword_queries import nearest_window

NEAR = 0.08  # s between centres of windows that are averaged
ROUNDING = 1e-6  # s


class Smoothed(NamedTuple):
    """Averages (n, Q) at places (n,) of a stream, in the order of their centres.

    Attributes
    ----------
    start, stop : of a window there, of the length whose own average is the highest of any query
    score : of each query
    known : seconds of the stream that had to be heard for it
    """

    start: NDArray[np.float64]
    stop: NDArray[np.float64]
    score: NDArray[np.float32]
    known: NDArray[np.float64]


class ScoreSmoothing:
    """Averages scores over windows that are centred close to each other, then over their lengths (ours).

    A word that is said is heard by windows of all lengths that fit it, wherever they begin; a false alarm by one or
    two. So posteriors are smoothed in keyword spotting by networks (Chen et al. 2014), here scores of embeddings.
    Where windows of a length are missing, as at the ends of a stream, the other lengths are averaged.

    Parameters
    ----------
    lengths : of ``WINDOWS``, those that fit the queries
    queries : Q
    """

    def __init__(self, lengths: Sequence[float], queries: int):
        self._kinds = [WINDOWS.index(length) for length in sorted(lengths)]
        self._start = {kind: np.zeros(0) for kind in self._kinds}
        self._stop = {kind: np.zeros(0) for kind in self._kinds}
        self._score = {kind: np.zeros((0, queries), np.float32) for kind in self._kinds}
        self._done = -np.inf  # centre of the last place that was told
        self._end = 0.0  # of the windows so far

    def push(self, start: NDArray[np.float64], stop: NDArray[np.float64], score: NDArray[np.float32]) -> Smoothed:
        """The places whose neighbours are all there after windows (n,) with their scores (n, Q).

        Windows of a length arrive by their centre, and longer ones not before shorter ones of the same end.
        """
        kind = nearest_window(stop - start)
        self._end = max(self._end, float(stop.max(initial=0.0)))
        for own in self._kinds:
            rows = np.flatnonzero(kind == own)
            self._start[own] = np.concatenate([self._start[own], start[rows]])
            self._stop[own] = np.concatenate([self._stop[own], stop[rows]])
            self._score[own] = np.concatenate([self._score[own], score[rows]])
        longest = self._centres(self._kinds[-1])
        return self._told(float(longest[-1]) - NEAR if len(longest) else -np.inf)

    def finish(self) -> Smoothed:
        """The places that waited for what does not come."""
        return self._told(np.inf)

    def _centres(self, kind: int) -> NDArray[np.float64]:
        return (self._start[kind] + self._stop[kind]) / 2

    def _told(self, until: float) -> Smoothed:
        """The places with centres up to ``until`` that were not told; those of the shortest windows that are there."""
        there = [kind for kind in self._kinds if len(self._start[kind])]
        centres = self._centres(there[0]) if there else np.zeros(0)
        places = centres[(centres > self._done) & (centres <= until + ROUNDING)]
        means, lengths = [], []
        for kind in there:
            mean, length = self._mean(kind, places)
            means.append(mean)
            lengths.append(length)
        if not len(places):
            queries = self._score[self._kinds[0]].shape[1]
            return Smoothed(np.zeros(0), np.zeros(0), np.zeros((0, queries), np.float32), np.zeros(0))
        every = np.stack(means)  # (lengths, n, Q)
        missing = np.isnan(every)
        score = np.where(missing, 0, every).sum(0) / (~missing).sum(0)
        seconds = np.stack(lengths)
        inside = (places - seconds / 2 > -ROUNDING) & (places + seconds / 2 < self._end + ROUNDING)
        best = np.where(inside, np.where(missing, -np.inf, every).max(2), -np.inf).argmax(0)
        length = seconds[best, np.arange(len(places))]
        self._done = float(places[-1])
        for kind in there:
            kept = self._centres(kind) > self._done - NEAR - ROUNDING
            self._start[kind], self._stop[kind] = self._start[kind][kept], self._stop[kind][kept]
            self._score[kind] = self._score[kind][kept]
        known = places + NEAR + WINDOWS[self._kinds[-1]] / 2
        return Smoothed(places - length / 2, places + length / 2, score.astype(np.float32), known)

    def _mean(self, kind: int, places: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """(n, Q) averages of the windows of a length at ``places``, NaN where there are none; (n,) their length."""
        centres = self._centres(kind)
        first = np.searchsorted(centres, places - NEAR - ROUNDING)
        last = np.searchsorted(centres, places + NEAR + ROUNDING)
        count = last - first
        sums = np.concatenate([np.zeros((1, self._score[kind].shape[1])), self._score[kind].cumsum(0, np.float64)])
        with np.errstate(invalid="ignore", divide="ignore"):
            mean = (sums[last] - sums[first]) / count[:, None]
        seconds = self._stop[kind] - self._start[kind]
        return mean, seconds[np.minimum(first, len(seconds) - 1)]
