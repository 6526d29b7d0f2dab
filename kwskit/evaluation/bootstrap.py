"""Bootstrap intervals of detection metrics, resampled by typed word.

The trials of one typed word share one text embedding, so they succeed and fail together, and what a table is
meant to say is how the model does on *words* it has not met. Hence whole words are drawn, each with all its
trials (a cluster bootstrap; "ours" in the choice of the cluster). Drawing single trials would give intervals
several times too narrow. What the interval leaves out: other speakers, other noise, another training seed.
"""

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kwskit.evaluation.weighted_sweep import WeightedSweep

CHUNK = 32  # resamples at a time: their weights of 3,000 words fit a core's cache


def resample_counts(words: int, resamples: int, seed: int) -> NDArray[np.int32]:
    """(words, resamples) how often each word is drawn when as many as there are are drawn with replacement."""
    if words < 1 or resamples < 1:
        raise ValueError(f"a bootstrap needs words and resamples, not {words} and {resamples}")
    rng = np.random.default_rng(seed)
    counts = np.empty((words, resamples), np.int32)
    for b in range(resamples):
        counts[:, b] = np.bincount(rng.integers(words, size=words), minlength=words)
    return counts


def bootstrap(
    words: ArrayLike,
    targets: ArrayLike,
    scores: ArrayLike,
    counts: NDArray[np.int32],
    false_alarm_rates: Sequence[float] = (),
    workers: int | None = None,
) -> dict[str, NDArray[np.float64]]:
    """Metrics of every resample of a trial list, exact, by :class:`WeightedSweep`.

    Parameters
    ----------
    words : (T,) int, number of the typed word of each trial, from 0
    targets : (T,) 0 or 1; scores : (T,) float
    counts : (W, B), from :func:`resample_counts`; the same counts for two score lists pair their resamples
    false_alarm_rates : where false rejections are read
    workers : threads, by default one a core this process may use

    Returns
    -------
    (B,) values of each metric of :meth:`WeightedSweep.metrics`; NaN where a resample lacks a class

    Raises
    ------
    ValueError
        As :meth:`OperatingPoints.of`.
    """
    sweep = WeightedSweep(words, targets, scores)
    chunks = [counts[:, at : at + CHUNK] for at in range(0, counts.shape[1], CHUNK)]
    with ThreadPoolExecutor(workers or usable_cores()) as threads:
        found = list(threads.map(lambda chunk: sweep.metrics(chunk, false_alarm_rates), chunks))
    return {name: np.concatenate([part[name] for part in found]) for name in found[0]}


def interval(samples: ArrayLike, confidence: float = 0.95) -> tuple[float, float]:
    """Percentile interval of resampled values (B,); those without a value (NaN) are left out, NaN if all are."""
    values = np.asarray(samples, dtype=np.float64)
    values = values[np.isfinite(values)]
    if len(values) == 0:
        return float("nan"), float("nan")
    low, high = np.quantile(values, [(1 - confidence) / 2, (1 + confidence) / 2])
    return float(low), float(high)


def usable_cores() -> int:
    """Cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
