"""Detection metrics of pooled trials: exact, ties grouped, in float64.

``targets`` (T,) are 1 where the typed word is the spoken one, else 0; ``scores`` (T,) are higher for a better
match. Every function raises ``ValueError`` as :meth:`OperatingPoints.of` does. Only the order of the scores counts.

>>> average_precision([1, 0, 1, 1, 0], [0.9, 0.8, 0.7, 0.6, 0.5])
0.8055555555555555
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kwskit.evaluation.operating_points import OperatingPoints, checked_trials


def average_precision(targets: ArrayLike, scores: ArrayLike) -> float:
    """Average precision, sum of (R_n - R_{n-1}) P_n over distinct thresholds; a random score's is the prevalence."""
    return OperatingPoints.of(targets, scores).average_precision


def auc(targets: ArrayLike, scores: ArrayLike) -> float:
    """Area under the ROC curve (Mann-Whitney, ties counted half)."""
    return OperatingPoints.of(targets, scores).auc


def eer(targets: ArrayLike, scores: ArrayLike) -> float:
    """Equal error rate, linearly interpolated where false alarm rate and miss rate cross."""
    return OperatingPoints.of(targets, scores).eer


def eer_nearest(targets: ArrayLike, scores: ArrayLike) -> float:
    """Mean of false alarm and miss rate at the point where they differ least (the LibriPhrase papers' reading)."""
    return OperatingPoints.of(targets, scores).eer_nearest


def frr_at(targets: ArrayLike, scores: ArrayLike, false_alarm_rate: float) -> float:
    """False rejection rate at the lowest threshold that accepts at most ``false_alarm_rate`` of the non-targets."""
    return OperatingPoints.of(targets, scores).frr_at(false_alarm_rate)


def top1_of_trials(utterances: ArrayLike, targets: ArrayLike, scores: ArrayLike) -> tuple[NDArray, NDArray]:
    """Top-1 credit of each utterance of a trial list; its mean is the accuracy of the best typed word.

    A tie for the first place between n words counts 1/n, what drawing lots among them gives on average.

    Parameters
    ----------
    utterances : (T,) int >= 0, the utterance of each trial
    targets : (T,) 0 or 1; scores : (T,) float

    Returns
    -------
    utterances (U,) with at least one target and one non-target, and their credit (U,) float64 from 0 to 1
    """
    wanted, values = checked_trials(targets, scores)
    spoken = np.asarray(utterances)
    best = np.full(spoken.max() + 1, -np.inf)
    np.maximum.at(best, spoken, values)
    first = values == best[spoken]
    tied, right = np.bincount(spoken, first), np.bincount(spoken, first & wanted)
    trials, meant = np.bincount(spoken), np.bincount(spoken, wanted)
    judged = np.flatnonzero((meant > 0) & (meant < trials))
    return judged, right[judged] / tied[judged]
