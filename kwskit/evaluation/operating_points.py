"""The sweep of the decision threshold that every detection metric is read from."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True)
class OperatingPoints:
    """What is accepted at each distinct threshold, counted exactly; a trial is accepted when score >= threshold.

    Attributes
    ----------
    thresholds : (G + 1,) float64, falling; the first is +inf, where nothing is accepted
    hits : (G + 1,) int64, accepted targets
    false_alarms : (G + 1,) int64, accepted non-targets
    """

    thresholds: NDArray[np.float64]
    hits: NDArray[np.int64]
    false_alarms: NDArray[np.int64]

    @classmethod
    def of(cls, targets: ArrayLike, scores: ArrayLike) -> "OperatingPoints":
        """Sweep ``scores`` (T,) of trials whose ``targets`` (T,) are 1 (same word) or 0; tied scores move together.

        Raises
        ------
        ValueError
            When the shapes differ, a target is neither 0 nor 1, a score is not finite, or one class is absent.
        """
        wanted, values = checked_trials(targets, scores)
        order = np.argsort(-values)
        values = values[order]
        ends = np.append(np.flatnonzero(np.diff(values)), len(values) - 1)  # the last trial of each tie
        hits = np.cumsum(wanted[order], dtype=np.int64)[ends]
        return cls(
            np.append(np.inf, values[ends]),
            np.append(0, hits),
            np.append(0, ends + 1 - hits),
        )

    @property
    def positives(self) -> int:
        """Number of target trials."""
        return int(self.hits[-1])

    @property
    def negatives(self) -> int:
        """Number of non-target trials."""
        return int(self.false_alarms[-1])

    @property
    def false_alarm_rate(self) -> NDArray[np.float64]:
        """(G + 1,) share of non-targets accepted, rising from 0 to 1."""
        return self.false_alarms / self.negatives

    @property
    def miss_rate(self) -> NDArray[np.float64]:
        """(G + 1,) share of targets rejected (false rejection rate), falling from 1 to 0."""
        return (self.positives - self.hits) / self.positives

    @property
    def average_precision(self) -> float:
        """Sum over thresholds of (R_n - R_{n-1}) P_n, ties grouped (scikit-learn's definition)."""
        hits, accepted = self.hits[1:], self.hits[1:] + self.false_alarms[1:]
        return float(np.sum(np.diff(self.hits) * (hits / accepted)) / self.positives)

    @property
    def auc(self) -> float:
        """Area under the ROC curve = Mann-Whitney statistic, ties counted half."""
        above = 2 * self.hits[:-1] + np.diff(self.hits)
        return float(np.sum(above * np.diff(self.false_alarms)) / (2 * self.positives * self.negatives))

    @cached_property
    def _excess(self) -> NDArray[np.int64]:
        """(FAR - FRR) x positives x negatives, a strictly rising integer: no rounding decides where rates cross."""
        return self.false_alarms * self.positives - (self.positives - self.hits) * self.negatives

    @cached_property
    def _crossing(self) -> int:
        """First point whose false alarm rate is at least its miss rate."""
        return int(np.searchsorted(self._excess, 0))

    @property
    def nearest_crossing(self) -> int:
        """Point of least |FRR - FAR|; of two equally near the one with the lower threshold."""
        i = self._crossing
        return i if abs(self._excess[i]) <= abs(self._excess[i - 1]) else i - 1

    @property
    def eer_nearest(self) -> float:
        """Mean of FRR and FAR where they are nearest (PhonMatchNet's and MM-KWS's reading, pooled over all trials)."""
        i = self.nearest_crossing
        return float((self.false_alarm_rate[i] + self.miss_rate[i]) / 2)

    @property
    def eer(self) -> float:
        """Equal error rate, linearly interpolated between the two points where FAR and FRR cross."""
        i = self._crossing
        before, after = self._excess[i - 1], self._excess[i]
        rate = self.false_alarm_rate
        return float(rate[i - 1] + (-before / (after - before)) * (rate[i] - rate[i - 1]))

    def frr_at(self, false_alarm_rate: float) -> float:
        """Least miss rate with at most ``false_alarm_rate`` (0 to 1) of the non-targets accepted."""
        return float(self.miss_rate[self.at(false_alarm_rate)])

    def at(self, false_alarm_rate: float) -> int:
        """Last point with at most ``false_alarm_rate`` (0 to 1) of the non-targets accepted."""
        allowed = allowed_false_alarms(false_alarm_rate, self.negatives)
        return int(np.searchsorted(self.false_alarms, allowed, side="right")) - 1

    def corners(self) -> "OperatingPoints":
        """The same curve without the points that lie inside its straight horizontal and vertical runs."""
        rise, step = np.diff(self.hits), np.diff(self.false_alarms)
        turn = ~(((rise[:-1] == 0) & (rise[1:] == 0)) | ((step[:-1] == 0) & (step[1:] == 0)))
        keep = np.concatenate([[True], turn, [True]])
        return OperatingPoints(self.thresholds[keep], self.hits[keep], self.false_alarms[keep])

    def thinned(self, points: int) -> "OperatingPoints":
        """At most ``points`` of the curve's points, spread evenly along it as drawn on logit (DET-like) axes."""
        curve = self.corners()
        if len(curve.hits) <= points:
            return curve
        far = (curve.false_alarms + 0.5) / (self.negatives + 1)
        frr = (self.positives - curve.hits + 0.5) / (self.positives + 1)
        length = np.hypot(np.diff(np.log(far / (1 - far))), np.diff(np.log(frr / (1 - frr))))
        # A long step of a sparse end needs its two ends only; uncapped it would use up the points of the rest.
        along = np.append(0, np.cumsum(np.minimum(length, length.sum() / points)))
        keep = np.unique(np.searchsorted(along, np.linspace(0, along[-1], points)).clip(max=len(along) - 1))
        return OperatingPoints(curve.thresholds[keep], curve.hits[keep], curve.false_alarms[keep])


def allowed_false_alarms(rate: float, negatives: int | NDArray) -> NDArray[np.int64]:
    """Whole number of false alarms within ``rate`` of ``negatives``; 1e-9 forgives 0.1 x 30 = 2.9999999999999996.

    Raises
    ------
    ValueError
        When ``rate`` is not between 0 and 1.
    """
    if not 0 <= rate <= 1:
        raise ValueError(f"a false alarm rate lies between 0 and 1, not {rate}")
    return np.floor(rate * np.asarray(negatives) + 1e-9).astype(np.int64)


def checked_trials(targets: ArrayLike, scores: ArrayLike) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    """``targets`` (T,) as bool and ``scores`` (T,) as float64, if metrics can be computed from them.

    Raises
    ------
    ValueError
        As in :meth:`OperatingPoints.of`.
    """
    labels, values = np.asarray(targets), np.asarray(scores, dtype=np.float64)
    if labels.ndim != 1 or labels.shape != values.shape:
        raise ValueError(f"targets and scores must be of one length, not of shapes {labels.shape} and {values.shape}")
    wanted = labels == 1
    positives = int(np.count_nonzero(wanted))
    odd = np.flatnonzero(~(wanted | (labels == 0)))
    if len(odd):
        raise ValueError(f"trial {odd[0] + 1}: a target is 0 or 1, not {labels[odd[0]]}")
    if not np.isfinite(values).all():
        where = int(np.flatnonzero(~np.isfinite(values))[0])
        raise ValueError(f"trial {where + 1}: the score is {values[where]}, not a finite number")
    if positives == 0:
        raise ValueError(f"none of the {len(labels)} trials is a target (target = 1): nothing to detect")
    if positives == len(labels):
        raise ValueError(f"all {positives} trials are targets: false alarms need non-targets (target = 0)")
    return wanted, values
