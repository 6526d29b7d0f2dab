"""A table of the runs that are there."""

import os
import platform
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from kwskit import __version__
from kwskit.evaluation.seed_bootstrap import SeedSamples
from kwskit.evaluation.table_numbers import SegmentMetrics, TrialMetrics
from kwskit.hparams import HparamsError
from kwskit.stages.score import TRAINED, is_scored
from kwskit.stages.score_task import WINDOW, ScoreTask
from kwskit.stages.table_place import Workplace
from kwskit.stages.table_plan import Column, Row, TablePlan


class Gatherer:
    """Reads score files into tables; what several tables share is read once.

    Parameters
    ----------
    place : where the runs are
    """

    def __init__(self, place: Workplace):
        self.place = place
        self._metrics: dict[str, TrialMetrics | SegmentMetrics] = {}

    def content(self, table: TablePlan) -> dict[str, Any]:
        """The content of ``table`` for :func:`kwskit.evaluation.table_output.write_table`.

        What has no score file of an up-to-date model yet is listed under ``missing``.
        """
        rows, missing = [], []
        samples: dict[str, dict[str, SeedSamples]] = {}
        for row in table.rows:
            try:
                folder = self.place.folder(row)
            except HparamsError as error:
                missing.append(f"{row.label}: {error}")
                rows.append(_row_content(row, "", {}, []))
                continue
            runs = {seed: folder / f"seed{seed}" for seed in self.place.all_seeds}
            samples[row.label] = {}
            for column in table.columns_of(row):
                files = self._score_files(runs, column)
                absent = [str(seed) for seed in self.place.all_seeds if seed not in files]
                if absent:
                    missing.append(f"{row.label}, {column.label}: seed {', '.join(absent)}")
                if files:
                    samples[row.label][column.name] = self.metrics(column).samples(column.metric, files)
            numbers = {key: found.summary() for key, found in samples[row.label].items()}
            finished = [run for seed, exp in runs.items() if (run := _run(exp, seed))]
            rows.append(_row_content(row, folder.name, numbers, finished))
        return {
            "name": table.name,
            "title": table.title,
            "columns": [asdict(column) for column in table.columns],
            "rows": rows,
            "differences": _differences(table, samples),
            "notes": list(table.notes),
            "missing": missing,
            "facts": self._facts(table),
        }

    def metrics(self, column: Column) -> TrialMetrics | SegmentMetrics:
        """What measures ``column``; lists are read once, whatever the windows."""
        task = ScoreTask.named(self.place.data, column.trials)
        key = task.source.stem
        if task.needs_embeddings:
            return self._metrics.setdefault(column.trials, SegmentMetrics(column.trials))
        if key not in self._metrics:
            self._metrics[key] = TrialMetrics(task.source)
        return self._metrics[key]

    def _score_files(self, runs: Mapping[int, Path], column: Column) -> dict[int, Path]:
        try:
            task = ScoreTask.named(self.place.data, column.trials)
        except FileNotFoundError:
            return {}
        return {
            seed: task.path(exp, TRAINED)
            for seed, exp in runs.items()
            if is_scored(self.place.data, exp, [column.trials])
        }

    def _facts(self, table: TablePlan) -> dict[str, Any]:
        overrides = " ".join(f"--{key} {value}" for key, value in self.place.base.overrides.items())
        yamls = [self.place.base.config, *self.place.base.overlays]
        wanted = {name.partition(WINDOW)[0] for name in table.trial_lists}
        trials = [metrics.description() for name, metrics in self._metrics.items() if name in wanted]
        return {
            "command": os.environ.get("KWSKIT_COMMAND", f"kwskit table {table.name}.yaml"),
            "data": self.place.data.name,
            "trials": "; ".join(trials),
            "every row starts from": " + ".join(f"{path.parent.name}/{path.name}" for path in yamls)
            + (f" {overrides}" if overrides else ""),
            "kwskit": __version__,
            "torch": torch.__version__,
            "python": platform.python_version(),
        }


def _row_content(row: Row, run: str, numbers: Mapping[str, Any], runs: list[dict[str, Any]]) -> dict[str, Any]:
    known = {"label": row.label, "columns": row.columns, "paper": dict(row.paper), "note": row.note}
    return {**known, "run": run, "numbers": dict(numbers), "runs": runs}


def _differences(table: TablePlan, samples: Mapping[str, Mapping[str, SeedSamples]]) -> list[dict[str, Any]]:
    found = []
    for row in table.rows:
        for baseline in row.baselines:
            for column in table.columns:
                mine, other = (samples.get(label, {}).get(column.name) for label in (row.label, baseline))
                difference = mine.minus(other) if mine and other else None
                if difference is not None:
                    found.append({"row": row.label, "baseline": baseline, "column": column.name, **difference})
    return found


def _run(exp: Path, seed: int) -> dict[str, Any] | None:
    """What ``train/epochs.tsv`` tells of a finished training."""
    log = exp / "train" / "epochs.tsv"
    if not (exp / "model").exists() or not log.exists():
        return None
    head, *lines = (line.split("\t") for line in log.read_text("utf-8").splitlines())
    epochs = [dict(zip(head, map(float, line), strict=True)) for line in lines]
    return {
        "seed": seed,
        "epochs": len(epochs),
        "seconds": sum(epoch["seconds"] for epoch in epochs),
        "valid_ap": max(epoch["valid_ap"] for epoch in epochs),
    }
