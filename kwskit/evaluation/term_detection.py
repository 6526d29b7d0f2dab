"""How well queries are found in recordings: term-weighted values, ranked lists, misses against false alarms an hour."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import scipy.sparse
from numpy.typing import ArrayLike, NDArray

BETA = 999.9  # C / V * (1 / Pr - 1) with cost 0.1, value 1 and prior 1e-4 (NIST STD 2006, OpenKWS)
RESAMPLES_AT_ONCE = 100


@dataclass(frozen=True)
class TermDetection:
    """Scored detections of queries in a stretch of sound. A query is measured when it occurs in it at all.

    Attributes
    ----------
    query : (D,) int, number of the query of each detection
    score : (D,) float
    hit : (D,) bool, whether it found an occurrence (:func:`matched_occurrences`)
    true : (Q,) int, occurrences of each query
    seconds : of all that was searched

    Raises
    ------
    ValueError
        When no query occurs, or a score is not finite.
    """

    query: NDArray[np.int64]
    score: NDArray[np.float64]
    hit: NDArray[np.bool_]
    true: NDArray[np.int64]
    seconds: float

    def __post_init__(self) -> None:
        if not (self.true > 0).any():
            raise ValueError(f"none of the {len(self.true)} queries occurs in the recordings: nothing to detect")
        if not np.isfinite(self.score).all():
            raise ValueError(f"detection {np.flatnonzero(~np.isfinite(self.score))[0] + 1}: its score is not finite")

    @cached_property
    def measured(self) -> NDArray[np.int64]:
        """(W,) the queries that occur."""
        return np.flatnonzero(self.true)

    # -- term-weighted values (OpenKWS), each query 1 - P_miss - beta P_FA

    @cached_property
    def _value(self) -> NDArray[np.float64]:
        """(D,) what accepting each detection adds to its query's term-weighted value."""
        true = self.true[self.query]
        return np.where(self.hit, 1 / np.maximum(true, 1), -BETA / (self.seconds - true))

    def twv(self, threshold: float) -> NDArray[np.float64]:
        """(W,) values where scores of ``threshold`` and above are accepted; their mean is the TWV."""
        weights = np.where(self.score >= threshold, self._value, 0.0)
        total: NDArray[np.float64] = np.bincount(self.query, weights, len(self.true)).astype(np.float64)
        return total[self.measured]

    def mtwv(self) -> tuple[float, float]:
        """The highest mean value that one threshold for all queries gives, and that threshold (inf: accept none)."""
        kept = self.true[self.query] > 0
        order = np.argsort(-self.score[kept], kind="stable")
        score, value = self.score[kept][order], self._value[kept][order]
        ends = _tie_ends(score)
        totals = np.append(0.0, np.cumsum(value)[ends]) / len(self.measured)
        best = int(totals.argmax())
        return float(totals[best]), float(score[ends[best - 1]]) if best else float("inf")

    def otwv(self) -> NDArray[np.float64]:
        """(W,) values with the best threshold for each query."""
        return np.array([self._best(rows) for rows in self._ranked])

    def stwv(self) -> NDArray[np.float64]:
        """(W,) the share of occurrences that are detected at all, false alarms ignored."""
        return np.array([self.hit[rows].sum() for rows in self._ranked]) / self.true[self.measured]

    def _best(self, rows: NDArray[np.int64]) -> float:
        return float(np.cumsum(self._value[rows])[_tie_ends(self.score[rows])].max(initial=0.0))

    # -- ranked lists

    def precision_at_n(self) -> NDArray[np.float64]:
        """(W,) precision of each query's N highest detections, N its occurrences; ties share the last places."""
        found = zip(self._ranked, self.true[self.measured].tolist(), strict=True)
        return np.array([precision_at(self.hit[rows], self.score[rows], n) for rows, n in found])

    def average_precision(self) -> NDArray[np.float64]:
        """(W,) average precision of each query's ranked detections; what was not detected counts as never found."""
        found = zip(self._ranked, self.true[self.measured].tolist(), strict=True)
        return np.array([ranked_average_precision(self.hit[rows], self.score[rows], n) for rows, n in found])

    def pooled_precision_at_n(self) -> float:
        """Precision of the N highest detections of all queries together, N all occurrences."""
        kept = self.true[self.query] > 0
        return precision_at(self.hit[kept], self.score[kept], int(self.true.sum()))

    def pooled_average_precision(self) -> float:
        """Average precision of all queries' detections in one ranking."""
        kept = self.true[self.query] > 0
        return ranked_average_precision(self.hit[kept], self.score[kept], int(self.true.sum()))

    # -- misses against false alarms an hour

    def misses(self, false_alarms: ArrayLike) -> NDArray[np.float64]:
        """(W, K) miss rates where each query may have so many false alarms (K,).

        A query's threshold is its highest false alarm but so many, and what scores above it is accepted: a tie with
        that false alarm is a miss.
        """
        allowed = np.asarray(false_alarms, np.int64)
        rates = np.empty((len(self.measured), len(allowed)))
        for rate, rows, true in zip(rates, self._ranked, self.true[self.measured], strict=True):
            hits = np.sort(self.score[rows][self.hit[rows]])
            negatives = np.append(self.score[rows][~self.hit[rows]], -np.inf)  # highest first
            threshold = negatives[np.minimum(allowed, len(negatives) - 1)]
            rate[:] = 1 - (len(hits) - np.searchsorted(hits, threshold, side="right")) / true
        return rates

    def misses_at(self, false_alarms_per_hour: float, hours: float) -> NDArray[np.float64]:
        """(W,) miss rates at so many false alarms of a query in an hour of ``hours`` of other sound."""
        return self.misses([allowed_per_hour(false_alarms_per_hour, hours)])[:, 0]

    # -- resamples of the queries

    def resampled(self, counts: NDArray[np.int32]) -> dict[str, NDArray[np.float64]]:
        """(B,) MTWV and pooled AP where the measured queries are drawn ``counts`` (W, B) times.

        Both are read from what is accepted at the score of each hit: accepting false alarms below it only lowers them.
        """
        number = np.full(len(self.true), -1)
        number[self.measured] = np.arange(len(self.measured))
        own = number[self.query]
        hits, others = own[self.hit], own[~self.hit & (own >= 0)]
        if not len(hits):
            return dict.fromkeys(("mtwv", "pooled_ap"), np.zeros(counts.shape[1]))
        levels, level = np.unique(-self.score[self.hit], return_inverse=True)
        false_level = np.searchsorted(levels, -self.score[~self.hit & (self.true[self.query] > 0)])
        shape = (len(levels) + 1, len(self.measured))
        hit_counts = scipy.sparse.csr_array((np.ones(len(hits)), (level, hits)), shape)[:-1]
        false_counts = scipy.sparse.csr_array((np.ones(len(others)), (false_level, others)), shape)[:-1]
        true = self.true[self.measured, None].astype(float)
        parts = []
        for at in range(0, counts.shape[1], RESAMPLES_AT_ONCE):
            drawn = counts[:, at : at + RESAMPLES_AT_ONCE].astype(float)
            gained = np.cumsum(hit_counts @ (drawn / true), 0)
            lost = BETA * np.cumsum(false_counts @ (drawn / (self.seconds - true)), 0)
            mtwv = np.maximum(0, (gained - lost).max(0)) / drawn.sum(0)
            found = hit_counts @ drawn
            right, wrong = np.cumsum(found, 0), np.cumsum(false_counts @ drawn, 0)
            ap = (found * right / np.maximum(right + wrong, 1)).sum(0) / (drawn * true).sum(0)
            parts.append((mtwv, ap))
        return {name: np.concatenate([part[k] for part in parts]) for k, name in enumerate(("mtwv", "pooled_ap"))}

    @cached_property
    def _ranked(self) -> list[NDArray[np.int64]]:
        """For each measured query its detections, the highest score first."""
        order = np.lexsort((-self.score, self.query))
        bounds = np.searchsorted(self.query[order], np.arange(len(self.true) + 1))
        return [order[bounds[query] : bounds[query + 1]] for query in self.measured]


def precision_at(hit: ArrayLike, score: ArrayLike, n: int) -> float:
    """Share of hits (D,) among the ``n`` highest scores (D,); places that are not filled are wrong.

    Of tied detections at the end of the list, so many are counted as a random order would bring in on average.
    """
    order = np.argsort(-np.asarray(score), kind="stable")
    right, ends = np.cumsum(np.asarray(hit)[order]), _tie_ends(np.asarray(score)[order])
    accepted = np.append(0, ends + 1)
    return float(np.interp(n, accepted, np.append(0, right[ends])) / n)


def ranked_average_precision(hit: ArrayLike, score: ArrayLike, true: int) -> float:
    """Sum over thresholds of (R_n - R_{n-1}) P_n, recall being of ``true`` occurrences, found or not; ties grouped."""
    order = np.argsort(-np.asarray(score), kind="stable")
    ends = _tie_ends(np.asarray(score)[order])
    right = np.cumsum(np.asarray(hit)[order])[ends]
    return float(np.sum(np.diff(right, prepend=0) * right / (ends + 1)) / true)


def allowed_per_hour(rate: float, hours: float) -> int:
    """Whole number of false alarms within ``rate`` an hour of ``hours``; 1e-9 forgives 0.1 x 30 = 2.9999…96."""
    return int(np.floor(rate * hours + 1e-9))


def _tie_ends(score: NDArray[np.float64]) -> NDArray[np.int64]:
    """Places of the last of each tie of falling scores."""
    return np.append(np.flatnonzero(np.diff(score)), len(score) - 1)[: len(score)]
