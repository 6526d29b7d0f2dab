"""The numbers of a table: every column's metric of every run, resampled by the same words."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kwskit.data.records import read_records
from kwskit.evaluation.bootstrap import bootstrap, resample_counts
from kwskit.evaluation.operating_points import OperatingPoints
from kwskit.evaluation.scored_trials import ScoredTrials
from kwskit.evaluation.seed_bootstrap import SeedSamples
from kwskit.evaluation.word_discrimination import Segments

RESAMPLES = 1000
RESAMPLES_OF_PAIRS = 200
CURVE_METRICS = {"ap": "average_precision", "auc": "auc", "eer": "eer", "eer_nearest": "eer_nearest"}


class TrialMetrics:
    """Metrics of one trial list, for score files of any number of systems.

    Parameters
    ----------
    path : the trial list; its order of trials and words is everybody's, so that resamples are paired
    resamples : of its words
    """

    def __init__(self, path: Path, resamples: int = RESAMPLES):
        self.path = path
        self.table, self.facts = read_records(path, "trials")
        typed = self.table["enrol_text"].combine_chunks().dictionary_encode()
        self.words: NDArray[np.int32] = typed.indices.to_numpy()
        self.targets: NDArray[np.int8] = self.table["target"].to_numpy()
        self.counts = resample_counts(len(typed.dictionary), resamples, seed=0)
        self._of = cache(self._measure)

    def description(self) -> str:
        """The list's name, protocol, seed and counts."""
        return (
            f"{self.path.stem}: protocol {self.facts.get('protocol')}, seed {self.facts.get('seed')}, "
            f"{len(self.table):,} trials, {int(self.targets.sum()):,} targets, {len(self.counts):,} typed words"
        )

    def samples(self, metric: str, score_files: Mapping[int, Path]) -> SeedSamples:
        """``metric`` of the score files by training seed.

        Raises
        ------
        kwskit.data.records.RecordError
            When a file does not score exactly this list.
        ValueError
            For an unknown metric.
        """
        if metric not in CURVE_METRICS:
            raise ValueError(f"no metric is called '{metric}'; known: {', '.join(CURVE_METRICS)}")
        found = [self._of(path) for path in score_files.values()]
        values = np.array([values[metric] for values, _ in found])
        return SeedSamples(tuple(score_files), values, np.array([resamples[metric] for _, resamples in found]))

    def _measure(self, path: Path) -> tuple[dict[str, float], dict[str, NDArray[np.float64]]]:
        scored = ScoredTrials.read(path)
        scores = scored.scores[scored.rows_of(self.table, self.path)]
        curve = OperatingPoints.of(self.targets, scores)
        values = {name: float(getattr(curve, attribute)) for name, attribute in CURVE_METRICS.items()}
        return values, bootstrap(self.words, self.targets, scores, self.counts)


class SegmentMetrics:
    """Word discrimination between the segments of one split, for any number of systems.

    Parameters
    ----------
    name : ``segments_<split>``
    resamples : of its words; fewer than of trials, since there are millions of pairs
    """

    def __init__(self, name: str, resamples: int = RESAMPLES_OF_PAIRS):
        self.name, self.resamples = name, resamples
        self._segments = ""
        self._of = cache(self._measure)

    def description(self) -> str:
        """The split and its counts."""
        return f"{self.name}: word discrimination, {self._segments}; {self.resamples} resamples"

    def samples(self, metric: str, score_files: Mapping[int, Path]) -> SeedSamples:
        """``metric`` of the score files by training seed, as :meth:`TrialMetrics.samples`."""
        found = [self._of(path, metric) for path in score_files.values()]
        return SeedSamples(tuple(score_files), np.array([v for v, _ in found]), np.array([r for _, r in found]))

    def _measure(self, path: Path, metric: str) -> tuple[float, NDArray[np.float64]]:
        segments, _ = Segments.read(path)
        self._segments = f"{len(segments.words):,} segments of {len(segments.vocabulary):,} words"
        pairs = segments.pairs(metric)
        counts = resample_counts(len(segments.vocabulary), self.resamples, seed=0)
        return pairs.average_precision, pairs.resampled(counts)
