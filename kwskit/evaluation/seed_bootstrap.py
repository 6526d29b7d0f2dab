"""A metric of one method over training seeds, with intervals over test words and seeds (ours).

Each resample draws as many words as there are, with replacement, and as many seeds as there are, with replacement,
and averages the metric on those words over those seeds. Two methods are compared on the same drawn words and seeds.
With three seeds the interval is a little narrow: drawing from three shows two thirds of their variance on average.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kwskit.evaluation.bootstrap import interval, resample_counts

DRAW = 1  # seed of the draw of seeds; that of words is another


@dataclass(frozen=True)
class SeedSamples:
    """One metric of one method.

    Attributes
    ----------
    seeds : the S training seeds
    values : (S,) the metric on all words
    resamples : (S, B) the metric on the words of resample b, the same words for all seeds and methods; NaN where
        those lack a class
    """

    seeds: tuple[int, ...]
    values: NDArray[np.float64]
    resamples: NDArray[np.float64]

    def summary(self) -> dict[str, float | int | list | None]:
        """``value`` (mean over seeds), ``low`` and ``high`` (95 %), ``spread`` (sample standard deviation over seeds,
        None of a single one), ``seeds`` and ``by_seed``."""
        return {
            "value": float(self.values.mean()),
            **_bounds(self.resamples),
            "spread": float(self.values.std(ddof=1)) if len(self.seeds) > 1 else None,
            "seeds": list(self.seeds),
            "by_seed": self.values.tolist(),
        }

    def minus(self, other: "SeedSamples") -> dict[str, float | bool | list | None] | None:
        """``value``, ``low``, ``high`` of this method minus ``other``, seed by seed on those that both have.

        ``significant`` says that the 95 % interval excludes 0; None without a common seed.
        """
        common = [seed for seed in self.seeds if seed in other.seeds]
        if not common:
            return None
        mine, others = (_rows(samples.seeds, common) for samples in (self, other))
        bounds = _bounds(self.resamples[mine] - other.resamples[others])
        return {
            "value": float((self.values[mine] - other.values[others]).mean()),
            **bounds,
            "significant": bounds["low"] is not None and not bounds["low"] <= 0 <= bounds["high"],  # type: ignore[operator]
            "seeds": common,
        }


def _rows(seeds: Sequence[int], wanted: Sequence[int]) -> list[int]:
    return [list(seeds).index(seed) for seed in wanted]


def _bounds(resamples: NDArray[np.float64]) -> dict[str, float | None]:
    """Interval of the mean over drawn seeds of ``resamples`` (S, B)."""
    seeds, count = resamples.shape
    draws = resample_counts(seeds, count, DRAW)
    means = (np.where(draws > 0, resamples, 0) * draws).sum(axis=0) / seeds  # a seed not drawn may be NaN
    low, high = interval(means)
    return {"low": low, "high": high} if np.isfinite(low) else {"low": None, "high": None}
