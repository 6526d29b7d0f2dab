"""A figure with what resampling makes of it."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kwskit.evaluation.bootstrap import interval


@dataclass(frozen=True, eq=False)
class ResampledFigure:
    """A value, and its values in B resamples (B,), NaN where a resample has none."""

    value: float
    samples: NDArray[np.float64]

    def __sub__(self, other: "ResampledFigure") -> "ResampledFigure":
        """The difference, in resamples of the same speakers."""
        return ResampledFigure(self.value - other.value, self.samples - other.samples)

    def __truediv__(self, other: "ResampledFigure") -> "ResampledFigure":
        """The ratio, in the same resamples."""
        return ResampledFigure(self.value / other.value, self.samples / other.samples)

    @property
    def interval(self) -> tuple[float, float]:
        """Of 95 %."""
        return interval(self.samples)

    def percent(self) -> str:
        """Such as ``48.3 (41.0 to 55.7)``."""
        low, high = self.interval
        return f"{100 * self.value:.1f} ({100 * low:.1f} to {100 * high:.1f})"

    def number(self) -> str:
        """Such as ``0.48 (0.41 to 0.56)``."""
        low, high = self.interval
        return f"{self.value:.2f} ({low:.2f} to {high:.2f})"

    def plain(self) -> dict[str, Any]:
        """For JSON."""
        return dict(zip(("value", "low", "high"), (self.value, *self.interval), strict=True))


def as_json(result: Any) -> Any:
    """``told`` with its figures as ``{value, low, high}``; what is not finite is null."""
    if isinstance(result, ResampledFigure):
        return as_json(result.plain())
    if isinstance(result, dict):
        return {str(name): as_json(value) for name, value in result.items()}
    if isinstance(result, list | tuple):
        return [as_json(value) for value in result]
    return None if isinstance(result, float) and not np.isfinite(result) else result
