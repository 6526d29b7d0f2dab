"""A peer's figures: the curve of any threshold, and what a user gets at the peer's own."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from people.figure import ResampledFigure
from people.resampling import Resampling
from people.wake_misses import wake_misses
from scipy.stats import chi2
from spotter_measurement import end_of_speech

from kwskit.data.audio import read_segment
from kwskit.data.records import DETECTIONS, write_records
from kwskit.evaluation.occurrence_matching import occurrences_around
from kwskit.evaluation.searched import Search

RATES = (0.5, 1.0, 2.0, 5.0)  # false alarms of a keyword an hour


def table_of(detections: Sequence[Sequence[Any]]) -> pa.Table:
    """Detections as a peer tells them (:func:`peers.hearing.hear`), with the column ``told``."""
    columns = pa.schema({**DETECTIONS, "told": pa.float64()})
    return pa.Table.from_pylist([dict(zip(columns.names, one, strict=True)) for one in detections], columns)


def curve(search: Search, detections: pa.Table, path: Path, resamples: int, seed: int) -> dict[str, Any]:
    """Misses at ``RATES``, each keyword at the threshold that is best for it there, as :func:`wake_misses` has them.

    Parameters
    ----------
    detections : of a sweep; they are written to ``path``, for whoever wants to draw them
    resamples, seed : of the intervals
    """
    write_records(path, "detections", detections.select(list(DETECTIONS)))
    return wake_misses(search, path, resamples, seed, RATES)


def at_own_threshold(
    search: Search, detections: pa.Table, ends: NDArray[np.float64], resamples: int, seed: int
) -> dict[str, Any]:
    """Misses and false alarms of a keyword an hour of what a user gets, and how late it is told.

    Parameters
    ----------
    detections : of no sweep
    ends : (occurrences,) seconds where each word ends in its recording (:func:`word_ends`)
    resamples, seed : of the misses' interval, whose draws are of recordings; that of false alarms is Poisson's, exact

    Returns
    -------
    ``miss`` is the mean of the keywords; ``delay`` in seconds from the word's end until it is told, over what is found
    """
    found = occurrences_around(search.occurrences, detections, float(search.facts["late"]))
    missed = np.ones(len(search.occurrences), bool)
    missed[found[found >= 0]] = False
    names, said = search.queries["query"].to_pylist(), search.occurrences["query"].to_numpy(zero_copy_only=False)
    draws = [
        Resampling([f"{number:06d}" for number in range(int((said == name).sum()))], resamples, seed).mean(
            missed[said == name]
        )
        for name in names
    ]
    samples = np.mean([draw.samples for draw in draws], axis=0)
    count = int((found == -1).sum())
    hours = search.other_hours * len(names)
    low = chi2.ppf(0.025, 2 * count) / 2 / hours if count else 0.0
    delays = (detections["told"].to_numpy()[found >= 0] - ends[found[found >= 0]]).tolist()
    return {
        "miss": ResampledFigure(float(np.mean([draw.value for draw in draws])), samples),
        "false_alarms": count,
        "fa_per_hour": {"value": count / hours, "low": low, "high": chi2.ppf(0.975, 2 * count + 2) / 2 / hours},
        "found": len(delays),
        "delay": {f"p{q}": float(np.percentile(delays, q)) for q in (50, 90)} if delays else None,
    }


def word_ends(search: Search) -> NDArray[np.float64]:
    """(occurrences,) seconds of its recording where each word ends, by its energy (:func:`end_of_speech`)."""
    paths = dict(zip(*(search.recordings[name].to_pylist() for name in ("recording", "path")), strict=True))
    return np.array(
        [
            row["start"]
            + end_of_speech(read_segment(search.folder / paths[row["recording"]], row["start"], row["stop"]))
            for row in search.occurrences.to_pylist()
        ]
    )
