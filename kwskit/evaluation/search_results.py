"""From the detections of a search to its results."""

import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kwskit.evaluation.bootstrap import interval, resample_counts
from kwskit.evaluation.searched import Search
from kwskit.evaluation.term_detection import TermDetection, allowed_per_hour

KIND = "search"
FALSE_ALARMS_PER_HOUR = (0.1, 0.5, 1.0)
MOST_PER_HOUR = 100.0  # false alarms of a query, where the curve ends
CURVE_POINTS = 120
RESAMPLES = 1000
CONFIDENCE = 0.95


def search_results(
    folder: Path,
    detections: Path,
    model: str | None = None,
    threshold: float | None = None,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> dict[str, Any]:
    """Results of a detections file, ready for JSON.

    Parameters
    ----------
    folder : the search: recordings.tsv, queries.tsv, occurrences.tsv
    detections : ``scores/<model>/search_<name>.tsv``
    model : name in the tables, by default that of the file's folder
    threshold : the system's decision, accept when score >= threshold, infinity to accept nothing; None: no ATWV
    resamples : of the queries that occur; seed : of the resamples

    Returns
    -------
    ``kind`` (search), ``model``, ``protocol``, ``trials_name``, ``facts``; the counts ``recordings``, ``hours``,
    ``queries``, ``queries_that_occur``, ``occurrences``, ``detections``; ``metrics``, each ``{value, low, high}``:
    ``atwv`` (with a threshold), ``mtwv``, ``otwv``, ``stwv``, ``p_at_n`` and ``map`` (means over the queries),
    ``pooled_p_at_n`` and ``pooled_ap`` (all queries' detections in one ranking), ``miss_at_0.1`` ... (false alarms of a
    query in an hour without any query; means over the queries); ``threshold`` and ``mtwv_threshold``; ``curve``
    ``{fa_per_hour, miss}`` with the mean misses; ``by_query``; and ``groups``, metrics by group, where there are any.

    Raises
    ------
    kwskit.data.records.RecordError
        As :meth:`Search.read` and :meth:`Search.detected`.
    """
    search = Search.read(folder)
    found = search.detected(detections)
    given = search.facts.get("fa_per_hour")
    rates = tuple(float(part) for part in given.split(",")) if given else FALSE_ALARMS_PER_HOUR
    hours = search.other_hours
    mtwv_threshold = found.mtwv()[1]
    results: dict[str, Any] = {
        "kind": KIND,
        "model": detections.absolute().parent.name if model is None else model,
        "protocol": search.facts.get("protocol", "std"),
        "trials_name": detections.stem,
        "facts": search.facts,
        "recordings": len(search.recordings),
        "hours": search.seconds / 3600,
        "queries": len(search.queries),
        "queries_that_occur": len(found.measured),
        "occurrences": int(found.true.sum()),
        "detections": len(found.score),
        "bootstrap": {"by": "query", "resamples": resamples, "confidence": CONFIDENCE, "seed": seed},
        "metrics": _metrics(found, hours, rates, threshold, resamples, seed),
        "threshold": None if threshold is None else _finite(threshold),
        "mtwv_threshold": _finite(mtwv_threshold),
        "curve": _curve(found, hours),
        "by_query": _by_query(search, found, hours, rates, threshold),
    }
    if "group" in search.queries.column_names:
        group = np.array(search.queries["group"].to_pylist())
        parts = {name: _of_queries(found, group == name) for name in sorted(set(group[found.measured]))}
        results["groups"] = {
            name: {
                "queries_that_occur": len(part.measured),
                "occurrences": int(part.true.sum()),
                "metrics": _metrics(part, hours, rates, threshold, resamples, seed),
            }
            for name, part in parts.items()
        }
    return results


def best_threshold(folder: Path, detections: Path) -> float:
    """The threshold of the highest TWV (MTWV) of a development search, for the decisions of another one.

    Infinite when no threshold is better than to accept nothing.

    Raises
    ------
    kwskit.data.records.RecordError
        As :func:`search_results`.
    """
    return Search.read(folder).detected(detections).mtwv()[1]


def _of_queries(found: TermDetection, chosen: NDArray[np.bool_]) -> TermDetection:
    kept = chosen[found.query]
    query, score, hit = found.query[kept], found.score[kept], found.hit[kept]
    return replace(found, query=query, score=score, hit=hit, true=np.where(chosen, found.true, 0))


def _metrics(
    found: TermDetection, hours: float, rates: Sequence[float], threshold: float | None, resamples: int, seed: int
) -> dict[str, dict[str, float | None]]:
    counts = resample_counts(len(found.measured), resamples, seed)
    means = {} if threshold is None else {"atwv": found.twv(threshold)}
    means |= {"otwv": found.otwv(), "stwv": found.stwv()}
    means |= {"p_at_n": found.precision_at_n(), "map": found.average_precision()}
    means |= {f"miss_at_{rate:g}": found.misses_at(rate, hours) for rate in rates}
    samples = {name: values @ counts / len(found.measured) for name, values in means.items()} | found.resampled(counts)
    values = {name: float(of_queries.mean()) for name, of_queries in means.items()}
    values |= {"mtwv": found.mtwv()[0], "pooled_ap": found.pooled_average_precision()}
    values |= {"pooled_p_at_n": found.pooled_precision_at_n()}
    metrics: dict[str, dict[str, float | None]] = {}
    for name in ("atwv", "mtwv", "otwv", "stwv", "p_at_n", "map", "pooled_p_at_n", "pooled_ap", *means):
        if name in values and name not in metrics:
            low, high = interval(samples.get(name, []), CONFIDENCE) if len(found.measured) > 1 else (math.nan, math.nan)
            metrics[name] = {"value": values[name], "low": _finite(low), "high": _finite(high)}
    return metrics


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _curve(found: TermDetection, hours: float) -> dict[str, list[float]]:
    """Mean misses at whole numbers of false alarms of a query; all of them while they are few."""
    most = max(1, allowed_per_hour(MOST_PER_HOUR, hours))
    spread = np.geomspace(1, most, CURVE_POINTS).round().astype(np.int64)
    allowed = np.unique(np.concatenate([[0], spread]))
    return {"fa_per_hour": (allowed / hours).tolist(), "miss": found.misses(allowed).mean(0).tolist()}


def _by_query(
    search: Search, found: TermDetection, hours: float, rates: Sequence[float], threshold: float | None
) -> list[dict[str, Any]]:
    columns = {"occurrences": found.true[found.measured].tolist(), "ap": found.average_precision().tolist()}
    columns |= {"p_at_n": found.precision_at_n().tolist(), "otwv": found.otwv().tolist()}
    columns |= {f"miss_at_{rate:g}": found.misses_at(rate, hours).tolist() for rate in rates}
    if threshold is not None:
        columns["twv"] = found.twv(threshold).tolist()
    rows = search.queries.take(found.measured).to_pylist()
    return [row | {name: values[k] for name, values in columns.items()} for k, row in enumerate(rows)]
