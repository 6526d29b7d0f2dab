"""The one scorer: from a score file to its results, every metric computed over all trials at once."""

import json
import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.compute as pc
from numpy.typing import NDArray

from kwskit.atomic_write import atomic_write
from kwskit.evaluation.batch_averages import COMPAT, PHONMATCHNET, auc_of_thresholds, mean_batch_eer
from kwskit.evaluation.bootstrap import bootstrap, interval, resample_counts
from kwskit.evaluation.confusion_matrix import confusion_matrix
from kwskit.evaluation.metrics import top1_of_trials
from kwskit.evaluation.operating_points import OperatingPoints
from kwskit.evaluation.results_table import format_table
from kwskit.evaluation.scored_trials import ScoredTrials

__all__ = ["compare_score_files", "format_table", "score_file_results", "write_results"]

FALSE_ALARM_RATES = (0.01, 0.001)
RESAMPLES = 1000
CONFIDENCE = 0.95
DET_POINTS = 200
HISTOGRAM_BINS = 60


def score_file_results(
    path: str | Path,
    model: str | None = None,
    trials: str | Path | None = None,
    resamples: int = RESAMPLES,
    seed: int = 0,
    false_alarm_rates: Sequence[float] = FALSE_ALARM_RATES,
    left_out: Collection[str] = (),
) -> dict[str, Any]:
    """Results of a score file, ready for JSON.

    Parameters
    ----------
    path : a score file, ``scores/<model>/<trials name>.tsv``
    model : name in the tables, by default that of the file's folder
    trials : its trial list, to make sure that every trial is scored
    resamples : bootstrap resamples of the typed words
    seed : of the resamples; equal seeds pair the resamples of two models
    false_alarm_rates : where false rejections are read, as fractions
    left_out : utterances that could not be packed, whose trials nobody scores

    Returns
    -------
    ``model``, ``protocol``, ``trials_name``, ``facts``; the counts ``trials``, ``positives``, ``negatives``,
    ``words`` (typed), ``utterances``; ``prevalence`` (the AP of a random score); ``bootstrap``; the metrics ``ap``,
    ``auc``, ``eer`` (interpolated), ``eer_nearest``, ``frr_at_0.01`` ..., ``top1`` (best among the typed words
    tried against an utterance, with their mean number as ``choices``; absent where no utterance has a choice),
    each ``{value, low, high}`` as fractions; ``eer_compat`` and ``auc_compat`` (:mod:`batch_averages
    <kwskit.evaluation.batch_averages>`, without intervals) where the facts have ``compat=phonmatchnet``;
    ``eer_threshold``; ``det`` ``{fa, miss, threshold}``; ``histogram`` ``{edges, target, nontarget}``; ``confusion``
    (:func:`confusion_matrix`) of a closed set; and ``groups``, counts and metrics by group, where there are any.

    Raises
    ------
    RecordError
        As :meth:`ScoredTrials.read`, and when the file lacks targets or non-targets.
    """
    scored = ScoredTrials.read(path, trials, left_out)
    curve = scored.curve()
    results = {
        "model": scored.path.absolute().parent.name if model is None else model,
        "protocol": scored.facts["protocol"],
        "trials_name": scored.path.stem,
        "facts": scored.facts,
        "bootstrap": {"by": "typed word", "resamples": resamples, "confidence": CONFIDENCE, "seed": seed},
        **_measure(scored, curve, resamples, seed, false_alarm_rates),
        "eer_threshold": float(curve.thresholds[curve.nearest_crossing]),
        "det": _det(curve.thinned(DET_POINTS)),
        "histogram": _histogram(scored),
    }
    if scored.facts.get(COMPAT) == PHONMATCHNET:
        results |= _compat(scored)
    confusion = confusion_matrix(scored)
    if confusion is not None:
        results["confusion"] = confusion
    if scored.groups is not None:
        results["groups"] = {
            group: _measure_group(
                scored.select(pc.equal(scored.groups, group).to_numpy(zero_copy_only=False)),
                resamples,
                seed,
                false_alarm_rates,
            )
            for group in sorted(scored.groups.unique().to_pylist())
        }
    return results


def compare_score_files(
    first: str | Path,
    second: str | Path,
    resamples: int = RESAMPLES,
    seed: int = 0,
    false_alarm_rates: Sequence[float] = FALSE_ALARM_RATES,
) -> dict[str, dict[str, float | None]]:
    """Difference ``first - second`` of two models on one trial list, with paired bootstrap intervals.

    Both are resampled by the same words, so that what is hard for both does not widen the interval.

    Returns
    -------
    by metric ``{first, second, value, low, high}``; an interval without 0 is a difference at the 5 % level

    Raises
    ------
    RecordError
        As :func:`score_file_results`, and when the two files score different trials.
    """
    one, two = ScoredTrials.read(first), ScoredTrials.read(second)
    two_scores = two.scores[two.rows_of(one.table(), one.path)]
    counts = resample_counts(len(one.vocabulary), resamples, seed)
    values, samples = [], []
    for scored in (one, replace(one, scores=two_scores)):
        values.append(_values(scored.curve(), false_alarm_rates))
        samples.append(bootstrap(scored.words, scored.targets, scored.scores, counts, false_alarm_rates))
    return {
        name: {
            "first": values[0][name],
            "second": values[1][name],
            **_with_interval(values[0][name] - values[1][name], samples[0][name] - samples[1][name], one),
        }
        for name in values[0]
    }


def write_results(
    path: str | Path,
    results: Sequence[Mapping[str, Any]] | Mapping[str, Any],
    run: Mapping[str, Any] | None = None,
) -> None:
    """Write results.json, whole or not at all: ``{"results": [...], "run": {...}}``.

    Parameters
    ----------
    path : the file
    results : one entry a model and trial list; or the whole content, if it is a mapping already
    run : facts about the run, such as its seed and versions

    Raises
    ------
    OSError
        When the file cannot be written; a file already there stays as it was.
    ValueError
        When a number is not finite: JSON has no such numbers.
    """
    content: dict[str, Any] = dict(results) if isinstance(results, Mapping) else {"results": list(results)}
    if run is not None:
        content["run"] = dict(run)
    text = json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False)
    with atomic_write(path) as partial:
        partial.write_text(text + "\n", encoding="utf-8")


def _measure(scored: ScoredTrials, curve: OperatingPoints, resamples: int, seed: int, rates: Sequence[float]) -> dict:
    """Counts and metrics with their intervals."""
    counts = resample_counts(len(scored.vocabulary), resamples, seed)
    samples = bootstrap(scored.words, scored.targets, scored.scores, counts, rates)
    values = _values(curve, rates)
    return {
        "trials": len(scored),
        "positives": curve.positives,
        "negatives": curve.negatives,
        "words": len(scored.vocabulary),
        "utterances": len(scored.utt_ids),
        "prevalence": curve.positives / len(scored),
        **{name: _with_interval(value, samples[name], scored) for name, value in values.items()},
        **_top1(scored, counts),
    }


def _measure_group(scored: ScoredTrials, resamples: int, seed: int, rates: Sequence[float]) -> dict:
    """Counts and metrics of one group; of a group without targets or without non-targets the counts only."""
    positives = int(scored.targets.sum())
    if 0 < positives < len(scored):
        if len(scored.vocabulary) == 1:
            resamples = 1  # one word gives no interval, however often it is drawn
        return _measure(scored, scored.curve(), resamples, seed, rates)
    return {"trials": len(scored), "positives": positives, "negatives": len(scored) - positives}


def _values(curve: OperatingPoints, rates: Sequence[float]) -> dict[str, float]:
    return {
        "ap": curve.average_precision,
        "auc": curve.auc,
        "eer": curve.eer,
        "eer_nearest": curve.eer_nearest,
        **{f"frr_at_{rate:g}": curve.frr_at(rate) for rate in rates},
    }


def _top1(scored: ScoredTrials, counts: NDArray) -> dict[str, dict]:
    """Top-1 accuracy, its utterances resampled with their own words; a trial that is listed twice is one choice."""
    scored = scored.distinct()
    judged, credit = top1_of_trials(scored.utterances, scored.targets, scored.scores)
    if len(judged) == 0:
        return {}
    meant = np.zeros(len(scored.utt_ids), np.int64)
    own = np.flatnonzero(scored.targets)[::-1]  # the first of several own words stays
    meant[scored.utterances[own]] = scored.words[own]
    words = meant[judged]
    right, all_ = (np.bincount(words, weight, len(scored.vocabulary)) @ counts for weight in (credit, None))
    samples = np.divide(right, all_, out=np.full(len(all_), np.nan), where=all_ > 0)
    choices = np.bincount(scored.utterances)[judged].mean()
    return {"top1": {**_with_interval(float(credit.mean()), samples, scored), "choices": float(choices)}}


def _compat(scored: ScoredTrials) -> dict[str, dict[str, float | None]]:
    """What PhonMatchNet's code would print."""
    values = {
        "eer_compat": mean_batch_eer(scored.targets, scored.scores),
        "auc_compat": auc_of_thresholds(scored.targets, scored.scores),
    }
    return {name: {"value": value, "low": None, "high": None} for name, value in values.items()}


def _with_interval(value: float, samples: NDArray, scored: ScoredTrials) -> dict[str, float | None]:
    """``{value, low, high}``; resampling a single word says nothing, so its interval is null."""
    bounds = interval(samples, CONFIDENCE) if len(scored.vocabulary) > 1 else (math.nan, math.nan)
    low, high = (bound if math.isfinite(bound) else None for bound in bounds)
    return {"value": value, "low": low, "high": high}


def _det(curve: OperatingPoints) -> dict[str, list]:
    """The DET curve; the threshold above all scores is null."""
    return {
        "fa": curve.false_alarm_rate.tolist(),
        "miss": curve.miss_rate.tolist(),
        "threshold": [None, *curve.thresholds[1:].tolist()],
    }


def _histogram(scored: ScoredTrials) -> dict[str, list]:
    """Counts of target and non-target scores in equal bins over all of them."""
    edges = np.histogram_bin_edges(scored.scores, HISTOGRAM_BINS)
    target, nontarget = (np.histogram(scored.scores[scored.targets == wanted], edges)[0] for wanted in (1, 0))
    return {"edges": edges.tolist(), "target": target.tolist(), "nontarget": nontarget.tolist()}
