"""The sweep of the threshold over trials that are weighted by their typed word, many weightings at once."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_matrix

from kwskit.evaluation.operating_points import allowed_false_alarms, checked_trials


class WeightedSweep:
    """Metrics of trial lists in which every word's trials are repeated, without building those lists.

    The trials are sorted once. Between two neighbouring scores of targets (*levels*) only false alarms grow, so
    all metrics follow from the counts at the levels, and these are sparse (level, word) matrices times the
    weights. Equal to :class:`OperatingPoints` of the repeated trials (ours: an exact rearrangement).

    Parameters
    ----------
    words : (T,) int, number of the typed word of each trial, from 0
    targets : (T,) 0 or 1
    scores : (T,) float

    Raises
    ------
    ValueError
        As :meth:`OperatingPoints.of`.
    """

    def __init__(self, words: ArrayLike, targets: ArrayLike, scores: ArrayLike):
        wanted, values = checked_trials(targets, scores)
        typed = np.asarray(words)
        self.num_words = int(typed.max()) + 1
        order = np.argsort(-values)
        wanted, typed, values = wanted[order], typed[order], values[order]
        new_level = np.append(True, np.diff(values[wanted]) != 0)
        levels = values[wanted][new_level]
        self._other_scores, self._other_words = values[~wanted], typed[~wanted]
        above = np.searchsorted(-levels, -self._other_scores)  # levels strictly above each non-target
        tied = np.append(levels, -np.inf)[above] == self._other_scores
        self._run_starts = np.searchsorted(above, np.arange(len(levels) + 1))
        self._run_stops = self._run_starts[:-1] + np.bincount(above[~tied], minlength=len(levels))[: len(levels)]
        between = ~tied & (above < len(levels))
        self._hits = self._matrix(np.cumsum(new_level) - 1, typed[wanted], len(levels))
        self._between = self._matrix(above[between], self._other_words[between], len(levels))
        self._tied = self._matrix(above[tied], self._other_words[tied], len(levels))
        self._positives = np.bincount(typed[wanted], minlength=self.num_words)
        self._negatives = np.bincount(self._other_words, minlength=self.num_words)

    def _matrix(self, levels: NDArray, words: NDArray, size: int) -> csr_matrix:
        """(levels, words) number of trials; ``levels`` rise, so that no sort is needed."""
        starts = np.searchsorted(levels, np.arange(size + 1))
        return csr_matrix((np.ones(len(words), np.int32), words, starts), (size, self.num_words))

    def metrics(self, weights: NDArray[np.int32], false_alarm_rates: Sequence[float] = ()) -> dict[str, NDArray]:
        """Metrics under each column of ``weights`` (W, B), the number of copies of each word's trials.

        Returns
        -------
        ``ap``, ``auc``, ``eer``, ``eer_nearest`` and ``frr_at_<rate>`` for each of ``false_alarm_rates``: (B,)
        float64, NaN where a weighting leaves no target or no non-target
        """
        positives, negatives = self._positives @ weights, self._negatives @ weights  # (B,) int64
        # int32 halves the memory that moves; it holds the counts of any list below two billion trials.
        counts = np.int32 if (positives + negatives).max() < np.iinfo(np.int32).max else np.int64
        columns = np.ascontiguousarray(weights, dtype=counts)
        gained, ties = self._hits @ columns, self._tied @ columns  # (levels, B)
        hits, false_alarms = np.cumsum(gained, axis=0, dtype=counts), self._between @ columns
        false_alarms += ties
        np.cumsum(false_alarms, axis=0, out=false_alarms)
        found = {}
        with np.errstate(invalid="ignore", divide="ignore"):
            precision = hits / np.maximum(hits + false_alarms, 1)
            found["ap"] = np.einsum("gb,gb->b", gained, precision) / positives
            lost = np.einsum("gb,gb->b", gained, false_alarms - 0.5 * ties)
            found["auc"] = 1 - lost / (positives * negatives)
            found |= self._equal_errors(columns, hits, false_alarms, ties, positives, negatives)
            for rate in false_alarm_rates:
                within = _within(false_alarms, allowed_false_alarms(rate, negatives))
                found[f"frr_at_{rate:g}"] = (positives - _row(hits, within - 1)) / positives
        empty = (positives == 0) | (negatives == 0)
        return {name: np.where(empty, np.nan, values) for name, values in found.items()}

    def _equal_errors(self, weights, hits, false_alarms, ties, positives, negatives) -> dict[str, NDArray]:
        """``eer`` and ``eer_nearest`` (B,): FAR crosses FRR either at a level or in the run of non-targets before."""

        def excess(accepted: NDArray, hit: NDArray) -> NDArray:
            return accepted * positives - (positives - hit) * negatives  # (FAR - FRR) x positives x negatives

        def mean_rate(accepted: NDArray, hit: NDArray) -> NDArray:
            return (accepted / negatives + (positives - hit) / positives) / 2

        level = _leading(len(hits), lambda rows: excess(_row(false_alarms, rows), _row(hits, rows)) < 0)
        level = level.clip(max=len(hits) - 1)
        hit, hit_before = _row(hits, level), _row(hits, level - 1)
        end, end_before = _row(false_alarms, level), _row(false_alarms, level - 1)
        start = end - _row(ties, level)
        below, above = excess(start, hit_before), excess(end, hit)
        met = below >= 0  # already in the run before the level, where FRR stands still and FAR comes to meet it
        share = np.where(met, 0, -below / np.where(met, 1, above - below))
        eer = np.where(met, (positives - hit_before) / positives, (start + share * (end - start)) / negatives)
        nearest = np.where(abs(above) <= abs(below), mean_rate(end, hit), mean_rate(start, hit_before))
        for b in np.flatnonzero(met & (positives > 0) & (negatives > 0)):
            run = slice(self._run_starts[level[b]], self._run_stops[level[b]])
            last = np.append(np.diff(self._other_scores[run]) != 0, True)  # of each tie
            grown = np.cumsum(weights[self._other_words[run], b], dtype=np.int64)[last]
            accepted = end_before[b] + np.append(0, grown)
            distance = accepted * positives[b] - (positives[b] - hit_before[b]) * negatives[b]
            i = np.searchsorted(distance, 0)
            i -= abs(distance[i]) > abs(distance[i - 1])
            nearest[b] = (accepted[i] / negatives[b] + (positives[b] - hit_before[b]) / positives[b]) / 2
        return {"eer": eer, "eer_nearest": nearest}


def _within(rising: NDArray, limits: NDArray) -> NDArray[np.int64]:
    """(B,) number of leading rows of ``rising`` (G, B) that are at most ``limits`` (B,)."""
    return _leading(len(rising), lambda rows: _row(rising, rows) <= limits)


def _leading(size: int, holds: Callable[[NDArray], NDArray]) -> NDArray[np.int64]:
    """(B,) number of leading rows of ``size`` for which ``holds(rows (B,))`` is true, it being false ever after."""
    low, high = np.zeros_like(holds(np.zeros(1, np.int64)), np.int64), np.full(1, size)
    while (unsure := low < high).any():
        middle = (low + high) // 2
        true = holds(middle.clip(max=size - 1))
        low, high = np.where(unsure & true, middle + 1, low), np.where(unsure & ~true, middle, high)
    return low


def _row(matrix: NDArray, rows: NDArray) -> NDArray[np.int64]:
    """(B,) entry ``rows[b]`` of each column b of ``matrix`` (G, B); 0 for row -1."""
    picked = np.take_along_axis(matrix, rows.clip(min=0)[None], axis=0)[0]
    return np.where(rows < 0, 0, picked).astype(np.int64)
