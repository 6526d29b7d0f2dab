"""Which wake words a spotter misses, at so many false alarms of a keyword an hour."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.compute as pc
from numpy.typing import NDArray

from kwskit.data.records import read_records
from kwskit.evaluation.occurrence_matching import occurrences_around
from kwskit.evaluation.searched import Search
from kwskit.evaluation.term_detection import allowed_per_hour
from people.figure import ResampledFigure
from people.resampling import Resampling

RATES = (0.5, 2.0, 5.0)  # false alarms of a keyword an hour


def wake_misses(
    search: Search, path: Path, resamples: int, seed: int, rates: Sequence[float] = RATES
) -> dict[str, Any]:
    """Misses of a spotter whose detections are in ``path``, each keyword at its own threshold.

    A keyword's threshold is its highest false alarm but so many, as in
    :meth:`kwskit.evaluation.term_detection.TermDetection.misses`. Intervals are of each keyword's recordings,
    resampled, with the thresholds as they are: where few false alarms are allowed, one of them sets a threshold, and
    an interval does not tell what another hour of speech would do.

    Returns
    -------
    ``miss_at`` is the mean of the keywords, ``recordings_miss_at`` that of all recordings, by rate

    Raises
    ------
    RecordError
        When the file cannot be read.
    """
    table, _ = read_records(path, "detections")
    late = float(search.facts["late"])
    keywords: dict[str, Any] = {}
    for name in search.queries["query"].to_pylist():
        said, own = (part.filter(pc.equal(part["query"], name)) for part in (search.occurrences, table))
        found, score = occurrences_around(said, own, late), own["score"].to_numpy()
        best = np.full(len(said), -np.inf)
        np.maximum.at(best, found[found >= 0], score[found >= 0])
        missed = {f"{rate:g}": _missed(best, score[found == -1], rate, search.other_hours) for rate in rates}
        # A recording draws alike in every spotter's results.
        draws = Resampling([f"{number:06d}" for number in range(len(said))], resamples, seed)
        keywords[name] = {"spoken": len(said), "miss_at": {rate: draws.mean(own) for rate, own in missed.items()}}
    spoken = [keyword["spoken"] for keyword in keywords.values()]
    result: dict[str, Any] = {"hours": search.other_hours, "miss_at": {}, "recordings_miss_at": {}}
    for rate in map("{:g}".format, rates):
        each = [keyword["miss_at"][rate] for keyword in keywords.values()]
        result["miss_at"][rate] = _mean(each, [1] * len(each))
        result["recordings_miss_at"][rate] = _mean(each, spoken)
    return result | {"by_keyword": keywords}


def _missed(
    best: NDArray[np.float64], false_alarms: NDArray[np.float64], rate: float, hours: float
) -> NDArray[np.bool_]:
    """(n,) whether each recording's highest score (n,) is not above the threshold."""
    allowed = allowed_per_hour(rate, hours)
    ranked = np.append(-np.sort(-false_alarms), -np.inf)
    threshold = ranked[min(allowed, len(ranked) - 1)]
    return best <= threshold


def _mean(figures: list[ResampledFigure], weights: list[int]) -> ResampledFigure:
    value = np.average([figure.value for figure in figures], weights=weights)
    return ResampledFigure(float(value), np.average([figure.samples for figure in figures], axis=0, weights=weights))
