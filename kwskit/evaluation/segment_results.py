"""From embedded segments to the results of word discrimination."""

import math
from pathlib import Path
from typing import Any

import numpy as np

from kwskit.evaluation.bootstrap import interval, resample_counts
from kwskit.evaluation.word_discrimination import Segments

KIND, PROTOCOL = "segments", "word_discrimination"
RESAMPLES = 200  # fewer than of trials, since there are millions of pairs
CONFIDENCE = 0.95


def segment_results(path: Path, model: str | None = None, resamples: int = RESAMPLES, seed: int = 0) -> dict[str, Any]:
    """Results of ``scores/<model>/segments_<split>.npz``, ready for JSON.

    Parameters
    ----------
    path : the embedded segments
    model : name in the tables, by default that of the file's folder
    resamples : of the words; seed : of the resamples

    Returns
    -------
    ``kind`` (segments), ``model``, ``protocol``, ``trials_name``, ``facts``, the counts ``segments`` and ``words``,
    ``metrics`` with ``acoustic_ap`` and ``cross_view_ap``, each ``{value, low, high}``, and ``chance``, the share of
    pairs of one word, by metric

    Raises
    ------
    ValueError
        When the file is broken, or no two segments are of one word.
    """
    try:
        segments, facts = Segments.read(path)
    except (OSError, KeyError, ValueError) as error:
        raise ValueError(f"{path}: cannot be read as embedded segments: {error}") from error
    counts = resample_counts(len(segments.vocabulary), resamples, seed)
    metrics, chance = {}, {}
    for name in ("acoustic_ap", "cross_view_ap"):
        pairs = segments.pairs(name)
        same = pairs.first == pairs.second
        if not same.any() or same.all():
            raise ValueError(
                f"{path}: {name} needs pairs of one word and pairs of two: {np.count_nonzero(same)} of "
                f"{len(same)} are of one"
            )
        low, high = interval(pairs.resampled(counts), CONFIDENCE)
        metrics[name] = {
            "value": pairs.average_precision,
            "low": low if math.isfinite(low) else None,
            "high": high if math.isfinite(high) else None,
        }
        chance[name] = float(same.mean())
    return {
        "kind": KIND,
        "model": path.absolute().parent.name if model is None else model,
        "protocol": PROTOCOL,
        "trials_name": path.stem,
        "facts": facts,
        "segments": len(segments.words),
        "words": len(segments.vocabulary),
        "bootstrap": {"by": "word", "resamples": resamples, "confidence": CONFIDENCE, "seed": seed},
        "metrics": metrics,
        "chance": chance,
    }
