"""Thresholds and rates by the peaks of a keyword where it is not said."""

from abc import ABC, abstractmethod

import numpy as np
from numpy.typing import NDArray

from kwskit.spotting.false_alarm_rate import Threshold, rate_of_peaks, threshold_of_peaks
from kwskit.spotting.keyword import Keyword


class BackgroundError(ValueError):
    """A background that cannot be used; the message names the file."""


class PeakEstimates(ABC):
    """What a model hears where no keyword is said."""

    @abstractmethod
    def peaks(self, keyword: Keyword, least: float | None = None) -> tuple[NDArray[np.float32], float]:
        """Scores of a keyword's peaks, descending, and the hours in which they are.

        Places in which the keyword itself is said are left out, with their time. Peaks are those that hits would be:
        the highest window, the highest that is not within the refractory time of it, and so on.

        Parameters
        ----------
        keyword : any, enrolled with this model
        least : peaks below it are left out; None gives the highest ones only
        """

    def estimate(self, keyword: Keyword, fa_per_hour: float) -> Threshold:
        """The threshold of a keyword for ``fa_per_hour``, and whether it was counted or extrapolated.

        Raises
        ------
        ValueError
            When too little can be heard here, or the rate is not above 0.
        """
        peaks, hours = self.peaks(keyword)
        if hours * fa_per_hour >= len(peaks):
            peaks, hours = self.peaks(keyword, -np.inf)
        return threshold_of_peaks(peaks, hours, fa_per_hour)

    def threshold(self, keyword: Keyword, fa_per_hour: float) -> float:
        """The threshold of :meth:`estimate`."""
        return self.estimate(keyword, fa_per_hour).value

    def false_alarms(self, keyword: Keyword, threshold: float) -> float:
        """False alarms of a keyword an hour, by :func:`~kwskit.spotting.false_alarm_rate.rate_of_peaks`.

        It is the estimate by which :meth:`estimate` sets the threshold for a rate: at that threshold, that rate.
        """
        peaks, hours = self.peaks(keyword)
        if len(peaks) and threshold < peaks[-1]:
            peaks, hours = self.peaks(keyword, threshold)
        return rate_of_peaks(peaks, hours, threshold)


def highest(
    score: NDArray[np.float32], centre: NDArray[np.float64], refractory: float, least: float
) -> NDArray[np.float32]:
    """Scores of the peaks among windows (n,) that reach ``least``, descending: none is within ``refractory`` s of one
    that is higher."""
    kept = np.flatnonzero(score >= least)
    kept = kept[np.argsort(centre[kept], kind="stable")]
    centre, score = centre[kept], score[kept]
    first = np.searchsorted(centre, centre - refractory, side="right").tolist()
    past = np.searchsorted(centre, centre + refractory, side="left").tolist()
    alive = np.ones(len(kept), bool)
    found = []
    for k in np.argsort(-score, kind="stable").tolist():
        if alive[k]:
            found.append(k)
            alive[first[k] : past[k]] = False
    return score[found]
