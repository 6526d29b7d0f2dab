"""Tables: train every row with every seed, score it, and set the numbers beside each other."""

import os
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from kwskit.devices import usable_device
from kwskit.evaluation.table_output import write_table
from kwskit.hparams import HparamsError
from kwskit.stages.score_task import ScoreTask
from kwskit.stages.table_gather import Gatherer
from kwskit.stages.table_jobs import Job, JobRunner
from kwskit.stages.table_place import RUNS, Workplace
from kwskit.stages.table_plan import Row, TablePlan, read_table


def make_tables(paths: Iterable[Path], place: Workplace, jobs: int | None = None, gather_only: bool = False) -> None:
    """Train and score whatever rows of the tables ``paths`` still need, and write ``exp/<table>.md, .tex, .json``.

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
        on_gpu = usable_device(place.device).type == "cuda"
        runner = JobRunner(jobs or (1 if on_gpu else os.cpu_count() or 1))
        todo, failed = _jobs(tables, place)
        for name in failed:
            print(f"left out: {name}", file=sys.stderr)
        print(f"{len(todo)} runs to train or score, {runner.jobs} at a time, in {place.exp / RUNS}", flush=True)
        try:
            failed += [job.name for job in runner.run(todo)]
        except KeyboardInterrupt:
            failed.append("interrupted; repeat the command to go on")
    gatherer = Gatherer(place)
    for table in tables:
        content = gatherer.content(table)
        path = write_table(place.exp, content)
        print(f"\n{path.read_text('utf-8')}\n{path}: {len(content['missing'])} numbers missing")
    if failed:
        raise RuntimeError(f"not everything is done ({len(failed)}): {'; '.join(failed)}")


def _jobs(tables: Sequence[TablePlan], place: Workplace) -> tuple[list[Job], list[str]]:
    """Jobs seed by seed, each configuration once with the lists of all its tables; and rows that cannot be run."""
    lists: dict[str, list[str]] = {}
    rows: dict[str, tuple[Row, Path]] = {}
    failed: list[str] = []
    for table in tables:
        for row in table.rows:
            try:
                folder = place.folder(row)
            except HparamsError as error:
                failed.append(f"{table.name}, row '{row.label}': {error}")
                continue
            name = folder.name.rpartition("-")[2]  # rows of one configuration may be called differently
            rows.setdefault(name, (row, folder))
            wanted = lists.setdefault(name, [])
            wanted += [c.trials for c in table.columns_of(row) if c.trials not in wanted]
    absent = {}
    for trials in dict.fromkeys(trials for wanted in lists.values() for trials in wanted):
        try:
            ScoreTask.named(place.data, trials)
        except FileNotFoundError as error:
            absent[trials] = str(error)
    failed += dict.fromkeys(absent.values())
    lists = {name: [trials for trials in wanted if trials not in absent] for name, wanted in lists.items()}
    jobs = [
        place.job(row, folder / f"seed{seed}", seed, lists[name])
        for seed in place.all_seeds
        for name, (row, folder) in rows.items()
    ]
    return [job for job in jobs if job is not None], failed
