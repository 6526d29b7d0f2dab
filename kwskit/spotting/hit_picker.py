"""Window scores of a stream merged into hits, at once."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

PATIENCE, REFRACTORY = 0.12, 1.0  # s; scores are averages, so that nothing better comes a while after a peak
ROUNDING = 1e-6  # s; of times after weeks


class Pick(NamedTuple):
    """The best window of a hit: number of the keyword, seconds, score, when it was known, and its phonemes' score."""

    query: int
    start: float
    stop: float
    score: float
    known: float
    phonemes: float | None = None


class HitPicker:
    """Online merging of the windows that reach a keyword's threshold (ours).

    The first window that reaches the threshold begins a hit; a better one takes its place, and the hit is told when a
    window is known more than ``patience`` after the best one. From then on, windows of the keyword count no
    more whose centre is less than its refractory time after that of the hit. What is told depends on the windows and
    their times alone.

    :class:`~kwskit.spotting.peak_picker.PeakPicker` ranks all peaks of a recording, for which it needs no threshold but
    has to wait until no later window can be the higher peak, half a window and the refractory time at least. Here
    somebody waits for an answer: a threshold says what counts, so that little is looked at and a hit is told soon.

    Parameters
    ----------
    thresholds : (Q,) least score of a hit of each keyword
    refractory : (Q,) or one number, in seconds
    patience : in seconds
    """

    def __init__(self, thresholds: ArrayLike, refractory: ArrayLike = REFRACTORY, patience: float = PATIENCE):
        self.thresholds = np.asarray(thresholds, np.float64)
        self.refractory = np.broadcast_to(np.asarray(refractory, np.float64), self.thresholds.shape)
        self.patience = patience
        self._best: dict[int, Pick] = {}  # of the keywords that are being heard
        self._last: dict[int, float] = {}  # centre of the last hit

    def push(
        self,
        start: NDArray[np.float64],
        stop: NDArray[np.float64],
        known: NDArray[np.float64],
        score: NDArray[np.floating],
        seen: float = -np.inf,
        phonemes: NDArray[np.floating] | None = None,
    ) -> list[Pick]:
        """The hits that are certain now, by their end.

        Parameters
        ----------
        start, stop : (n,) of windows
        known : (n,) seconds that had to be heard for each, by which windows of a keyword follow each other
        score : (n, Q), -inf where a window is none of a keyword's
        seen : seconds before which no later window will be known, where that is more than the last one of these
        phonemes : (n, Q) of the scores, which go with the picks; None where none are heard
        """
        own_known = np.where(score > -np.inf, known[:, None], -np.inf).max(0, initial=seen)
        reached = (score >= self.thresholds) & (score > -np.inf)
        if not self._best and not reached.any():
            return []
        picks: list[Pick] = []
        order = np.lexsort((start, known))
        for query in sorted({*np.flatnonzero(reached.any(0)).tolist(), *self._best}):
            for i in order[reached[order, query]].tolist():
                own = None if phonemes is None else float(phonemes[i, query])
                pick = Pick(query, float(start[i]), float(stop[i]), float(score[i, query]), float(known[i]), own)
                self._tell(query, pick.known, picks)
                if (pick.start + pick.stop) / 2 < self._last.get(query, -np.inf) + self.refractory[query]:
                    continue
                if query not in self._best or pick.score > self._best[query].score:
                    self._best[query] = pick
            self._tell(query, float(own_known[query]), picks)
        return sorted(picks, key=_by_end)

    def finish(self) -> list[Pick]:
        """The hits that waited for a better window."""
        picks = sorted(self._best.values(), key=_by_end)
        self._best.clear()
        return picks

    def _tell(self, query: int, now: float, picks: list[Pick]) -> None:
        """Tell the hit of a keyword when its patience is over at ``now``."""
        best = self._best.get(query)
        if best is not None and now - best.known > self.patience + ROUNDING:
            picks.append(best)
            self._last[query] = (best.start + best.stop) / 2
            del self._best[query]


def _by_end(pick: Pick) -> tuple[float, int]:
    return pick.stop, pick.query
