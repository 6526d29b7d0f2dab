"""PhonMatchNet's own readings of EER and AUC, beside the exact ones: for comparison with figures it published.

Lee and Cho 2023's code averages the EERs of batches, and its AUC (Keras's) sums 200 thresholds. Both depend on more
than the scores, the first on their order, so they are an extra column of lists that ask for it (the fact
``compat=phonmatchnet``) and never stand for the metric itself.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kwskit.evaluation.operating_points import checked_trials

COMPAT, PHONMATCHNET = "compat", "phonmatchnet"
BATCH = 2048
THRESHOLDS = 200
_MARGIN = 1e-7  # Keras's: the outermost thresholds lie beyond every score


def mean_batch_eer(targets: ArrayLike, scores: ArrayLike, batch: int = BATCH) -> float:
    """Mean of the EERs of consecutive batches of trials, in their order (Lee and Cho 2023, ``criterion``).

    A batch's EER is the mean of FRR and FAR at the first of those corners of scikit-learn's ROC curve where they
    differ least: points inside a straight run, which may be nearer, are left out there, unlike in ``eer_nearest``.
    A batch without a target or without a non-target has no EER and is left out.

    Raises
    ------
    ValueError
        As :meth:`kwskit.evaluation.operating_points.OperatingPoints.of`, and when no batch has both.
    """
    wanted, values = checked_trials(targets, scores)
    rates = [
        _eer(wanted[at : at + batch], values[at : at + batch])
        for at in range(0, len(values), batch)
        if 0 < np.count_nonzero(wanted[at : at + batch]) < len(wanted[at : at + batch])
    ]
    if not rates:
        raise ValueError(f"no batch of {batch} trials has both targets and non-targets")
    return float(np.mean(rates))


def auc_of_thresholds(targets: ArrayLike, scores: ArrayLike, thresholds: int = THRESHOLDS) -> float:
    """Area under the ROC points of evenly spaced thresholds from 0 to 1, by trapezoids (Keras's ``AUC``).

    Parameters
    ----------
    targets : (T,) 0 or 1
    scores : (T,) probabilities, taken as they are; when any lies outside 0 to 1, all are taken for logits (a cosine
        too) and go through the logistic function, as PhonMatchNet's last layer does
    thresholds : their number, the two beyond 0 and 1 among them

    Raises
    ------
    ValueError
        As :func:`mean_batch_eer`, and for fewer than 3 thresholds.
    """
    if thresholds < 3:
        raise ValueError(f"an area needs at least 3 thresholds, not {thresholds}")
    wanted, values = checked_trials(targets, scores)
    if values.min() < 0 or values.max() > 1:
        values = _logistic(values)
    edges = np.linspace(0, 1, thresholds)
    edges[[0, -1]] = -_MARGIN, 1 + _MARGIN
    hits, false_alarms = (_share_above(values[kind], edges) for kind in (wanted, ~wanted))
    return float(np.sum((false_alarms[:-1] - false_alarms[1:]) * (hits[:-1] + hits[1:]) / 2))


def _eer(targets: NDArray[np.bool_], scores: NDArray[np.float64]) -> float:
    from sklearn.metrics import roc_curve  # slow to import, and few lists ask for this

    false_alarm_rate, hit_rate, _ = roc_curve(targets, scores)
    at = np.argmin(np.abs(1 - hit_rate - false_alarm_rate))
    return (false_alarm_rate[at] + 1 - hit_rate[at]) / 2


def _share_above(values: NDArray[np.float64], edges: NDArray[np.float64]) -> NDArray[np.float64]:
    return 1 - np.searchsorted(np.sort(values), edges, side="right") / len(values)


def _logistic(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return 0.5 * (1 + np.tanh(0.5 * values))
