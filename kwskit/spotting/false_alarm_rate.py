"""A threshold for a rate of false alarms."""

from statistics import NormalDist
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

COUNTED = 10  # false alarms that must be allowed in the background for the threshold to be counted
TAIL = 40  # highest peaks that the tail is fitted to
# Shape of the generalised Pareto distribution by the peaks an hour that its tail begins with, 0 or below: where many an
# hour are higher, the tail bends as one that ends; farther out, where words that sound alike are, it no longer does.
# Chosen on 1.2 hours of the dev half of people's speech: of 40 phrases, 0.5 false alarms asked for an hour became 0.62
# by a background of 44 minutes of people (2.3 by -0.2), and 0.91 by one of 3.6 synthetic minutes (0 by a shape of 0).
SHAPES = ((55.0, 0.0), (660.0, -0.2))


class Threshold(NamedTuple):
    """A threshold, and how it is known: ``counted``, ``extrapolated`` or ``gaussian``."""

    value: float
    threshold_source: str


def threshold_of_peaks(peaks: NDArray[np.floating], hours: float, fa_per_hour: float) -> Threshold:
    """The threshold that ``fa_per_hour`` peaks an hour reach.

    Where the background is long enough for ten, it lies between the last peak that may reach it and the next. Else the
    highest 40 (at most a half of all) are taken for the tail over the next one, u, of a generalised Pareto distribution
    with the shape k that :func:`tail_shape` gives: of n peaks in T hours above u with a mean excess b,
    t = u + b (1 - k) / k ((n / (T fa_per_hour))^k - 1), the peaks-over-threshold estimate (Pickands 1975), or
    t = u + b log(n / (T fa_per_hour)) for k = 0.

    Parameters
    ----------
    peaks : (n,) scores where nothing is said that should be heard, descending
    hours : in which they are
    fa_per_hour : above 0

    Raises
    ------
    ValueError
        When there are fewer than two peaks, or the rate is not finite and above 0.
    """
    _check_rate(fa_per_hour)
    if len(peaks) < 2:
        raise ValueError(f"{len(peaks)} peaks in {hours:g} hours: too few for a threshold")
    allowed = int(min(fa_per_hour * hours, len(peaks)))
    if COUNTED <= allowed < len(peaks):
        return Threshold(float(peaks[allowed - 1] + peaks[allowed]) / 2, "counted")
    if allowed >= len(peaks):
        return Threshold(float(peaks[-1]), "counted")
    base, excess, count = _tail(peaks)
    ratio, shape = count / (hours * fa_per_hour), tail_shape(count / hours)
    units = np.log(ratio) if shape == 0 else (1 - shape) / shape * (ratio**shape - 1)
    return Threshold(float(base + excess * units), "extrapolated")


def tail_shape(per_hour: float) -> float:
    """The shape of the tail of the ``per_hour`` highest peaks an hour: between ``SHAPES``, by their logarithm."""
    (few, light), (many, heavy) = SHAPES
    share = np.clip(np.log(per_hour / few) / np.log(many / few), 0, 1)
    return float(light + share * (heavy - light))


def rate_of_peaks(peaks: NDArray[np.floating], hours: float, threshold: float) -> float:
    """Peaks an hour that reach ``threshold``: the estimate that :func:`threshold_of_peaks` makes, solved for the rate.

    Where at least ten of the peaks reach it, it is their number over the hours, and else what the tail says, up to
    ten, so that one peak in a few minutes is not taken for many an hour. Beyond the end of the tail it is 0.

    Parameters
    ----------
    peaks : (n,) scores where nothing is said that should be heard, descending; all that reach ``threshold``, and more
    hours : in which they are
    threshold : of a hit

    Raises
    ------
    ValueError
        When there are fewer than two peaks.
    """
    if len(peaks) < 2:
        raise ValueError(f"{len(peaks)} peaks in {hours:g} hours: too few for a rate")
    reached = int(np.searchsorted(-peaks, -threshold, side="right"))
    if reached >= COUNTED:
        return reached / hours
    base, excess, count = _tail(peaks)
    units, shape = (threshold - base) / max(excess, 1e-9), tail_shape(count / hours)
    left = np.exp(-units) if shape == 0 else max(0.0, 1 + shape / (1 - shape) * units) ** (-1 / shape)
    return float(min(count * left, COUNTED) / hours)


def _tail(peaks: NDArray[np.floating]) -> tuple[float, float, int]:
    """Where the tail of the highest peaks begins, their mean excess over it, and how many they are."""
    count = max(1, min(TAIL, len(peaks) // 2))
    base = float(peaks[count])
    return base, float(peaks[:count].mean()) - base, count


def gaussian_threshold(fa_per_hour: float, windows_per_hour: float) -> Threshold:
    """The threshold that ``fa_per_hour`` of ``windows_per_hour`` reach, were scores of other speech standard normal.

    Raises
    ------
    ValueError
        When the rate is not finite and above 0.
    """
    _check_rate(fa_per_hour)
    return Threshold(NormalDist().inv_cdf(max(0.5, 1 - fa_per_hour / windows_per_hour)), "gaussian")


def _check_rate(fa_per_hour: float) -> None:
    if not 0 < fa_per_hour < np.inf:
        raise ValueError(f"a rate of false alarms is finite and above 0 an hour, not {fa_per_hour:g}")
