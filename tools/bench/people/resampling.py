"""Figures over clips, resampled by whoever speaks in them."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kwskit.evaluation.bootstrap import bootstrap, resample_counts
from kwskit.evaluation.operating_points import OperatingPoints
from people.figure import ResampledFigure

METRICS = ("ap", "auc", "eer")


class Resampling:
    """Draws of speakers, each with all that they say: as many as there are, with replacement, B times.

    The same names and seed give the same draws, so that two models are compared draw by draw.

    Parameters
    ----------
    speakers : of each of N clips; the clips' own names draw single clips
    resamples : B
    seed : of the draws
    """

    def __init__(self, speakers: Sequence[str], resamples: int, seed: int):
        names, self.of_clip = np.unique(np.asarray(speakers, dtype=str), return_inverse=True)
        self.counts = resample_counts(len(names), resamples, seed)

    def mean(self, values: ArrayLike, clips: NDArray[np.int64] | None = None) -> ResampledFigure:
        """Of ``values`` (n,), one of each of ``clips`` (n,), or of all (N,)."""
        numbers = np.asarray(values, np.float64)
        speakers = self.of_clip if clips is None else self.of_clip[clips]
        size = len(self.counts)
        total, count = (np.bincount(speakers, weights, size) @ self.counts for weights in (numbers, None))
        with np.errstate(invalid="ignore", divide="ignore"):
            return ResampledFigure(float(numbers.mean()), np.where(count > 0, total / count, np.nan))

    def detection(self, clips: NDArray[np.int64], targets: ArrayLike, scores: ArrayLike) -> dict[str, ResampledFigure]:
        """``METRICS`` of T trials: the clip of each (T,), whether its text is typed (T,), and the score (T,).

        Raises
        ------
        ValueError
            As :meth:`OperatingPoints.of`.
        """
        points = OperatingPoints.of(targets, scores)
        values = {"ap": points.average_precision, "auc": points.auc, "eer": points.eer}
        speakers = self.of_clip[clips]
        samples = bootstrap(speakers, targets, scores, self.counts[: speakers.max() + 1])
        return {name: ResampledFigure(values[name], samples[name]) for name in METRICS}
