"""Two models on the same clips, draw by draw."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from people.figure import ResampledFigure

GROUPS = frozenset(("errors", "by_speaker", "by_digit", "by_keyword"))  # of clips: not compared


def differences(one: Any, other: Any, place: tuple[str, ...] = ()) -> Iterator[tuple[str, ResampledFigure]]:
    """Each figure of ``one`` less that of ``other`` at the same place of two nested dictionaries, by its place."""
    if isinstance(one, ResampledFigure) and isinstance(other, ResampledFigure):
        yield " ".join(place), one - other
    elif isinstance(one, dict) and isinstance(other, dict):
        for name in one:
            if name in other and name not in GROUPS:
                yield from differences(one[name], other[name], (*place, str(name)))


def comparisons(models: Mapping[str, Any]) -> dict[str, dict[str, ResampledFigure]]:
    """The first model's figures less those of each other one, by its name and by their place."""
    (_, one), *others = models.items()
    return {name: dict(differences(one, other)) for name, other in others}


def above_zero(figure: ResampledFigure) -> float:
    """Share of the resamples, of those with a value, in which a difference is above 0; ties count half."""
    values = figure.samples[np.isfinite(figure.samples)]
    return float(np.mean((np.sign(values) + 1) / 2)) if len(values) else float("nan")
