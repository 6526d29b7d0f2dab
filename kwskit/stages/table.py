"""Tables: train every row with every seed, score it, and set the numbers beside each other."""

import os
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from kwskit.hparams import HparamsError
from kwskit.stages.score import is_scored
from kwskit.stages.table_jobs import Job, JobRunner
from kwskit.stages.table_plan import Base, Row, TablePlan, read_table
from kwskit.systems.model_directory import WEIGHTS

RUNS = "runs"


@dataclass(frozen=True)
class Workplace:
    """Where and how the runs of tables happen.

    Attributes
    ----------
    data : the corpus; exp : folder of the tables, with the runs in ``runs/``
    base : what every row starts from
    seeds : number of seeds; they are 1, 2, ...
    device : of training, by default CUDA where there is one
    plugins : files that register parts
    """

    data: Path
    exp: Path
    base: Base
    seeds: int = 3
    device: str | None = None
    plugins: tuple[Path, ...] = ()

    def folder(self, row: Row, seed: int) -> Path:
        """The run of ``row`` with ``seed``."""
        return self.exp / RUNS / self.base.run_name(row) / f"seed{seed}"

    def job(self, row: Row, seed: int, lists: Sequence[str]) -> Job | None:
        """What is left to do for ``row`` with ``seed`` and the trial ``lists``; None when nothing is."""
        exp = self.folder(row, seed)
        flags = ["--data", str(self.data), "--exp", str(exp)]
        flags += [flag for plugin in self.plugins for flag in ("--plugin", str(plugin))]
        flags += ["--device", self.device] if self.device else []
        commands: list[tuple[str, ...]] = []
        if not (exp / "model" / WEIGHTS).exists():
            overlays = [*self.base.overlays, *row.overlays]
            yamls = ["--config", str(self.base.config), *(f for path in overlays for f in ("--overlay", str(path)))]
            overrides = {**self.base.overrides, **row.overrides}
            values = [word for key, value in overrides.items() for word in (f"--{key}", value)]
            commands.append(("train", *yamls, *flags, "--seed", str(seed), *values))
        if commands or not is_scored(self.data, exp, lists):
            commands.append(("score", *flags, *(f for name in lists for f in ("--only", name))))
        return Job(f"{exp.parent.name} seed {seed}", exp, tuple(commands)) if commands else None


def make_tables(paths: Iterable[Path], place: Workplace, jobs: int | None = None, gather_only: bool = False) -> None:
    """Train and score whatever rows of the tables ``paths`` still need, into ``exp/runs``.

    Rows of one configuration, in whatever table, are trained once. All rows of seed 1 come first, so that an
    interrupted command leaves whole tables of fewer seeds. Runs resume where they stopped.

    Parameters
    ----------
    paths : the tables' YAML files
    place : data, folders, seeds
    jobs : runs at a time; by default one on a GPU and one a core without
    gather_only : train nothing, write tables of what is there

    Raises
    ------
    RuntimeError
        After the tables are written, when a run failed or was interrupted.
    kwskit.stages.table_plan.TableError
        For a table that cannot be used.
    """
    tables = [read_table(path) for path in paths]
    failed: list[str] = []
    if not gather_only:
        on_gpu = (place.device or ("cuda" if torch.cuda.is_available() else "cpu")).startswith("cuda")
        runner = JobRunner(jobs or (1 if on_gpu else os.cpu_count() or 1))
        todo, failed = _jobs(tables, place)
        for told in failed:
            print(f"left out: {told}", file=sys.stderr)
        print(f"{len(todo)} runs to train or score, {runner.jobs} at a time, in {place.exp / RUNS}", flush=True)
        try:
            failed += [job.name for job in runner.run(todo)]
        except KeyboardInterrupt:
            failed.append("interrupted; repeat the command to go on")
    if failed:
        raise RuntimeError(f"not everything is done ({len(failed)}): {'; '.join(failed)}")


def _jobs(tables: Sequence[TablePlan], place: Workplace) -> tuple[list[Job], list[str]]:
    """Jobs seed by seed, each configuration once with the lists of all its tables; and rows that cannot be run."""
    lists: dict[str, list[str]] = {}
    rows: dict[str, Row] = {}
    failed: list[str] = []
    for table in tables:
        for row in table.rows:
            try:
                name = place.base.run_name(row)
            except HparamsError as error:
                failed.append(f"{table.name}, row '{row.label}': {error}")
                continue
            rows.setdefault(name, row)
            wanted = lists.setdefault(name, [])
            wanted += [c.trials for c in table.columns_of(row) if c.trials not in wanted]
    jobs = [place.job(row, seed, lists[name]) for seed in range(1, place.seeds + 1) for name, row in rows.items()]
    return [job for job in jobs if job is not None], failed
