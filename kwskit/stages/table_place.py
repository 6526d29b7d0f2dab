"""Where and how the runs of tables happen."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from kwskit.stages.score import is_scored
from kwskit.stages.table_jobs import Job
from kwskit.stages.table_plan import Base, Row
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

    @property
    def all_seeds(self) -> range:
        """1, 2, ... ``seeds``."""
        return range(1, self.seeds + 1)

    def folder(self, row: Row) -> Path:
        """The runs of ``row``: ``runs/<readable>-<digest>``, that of an equal row where it is there already.

        Raises
        ------
        kwskit.hparams.HparamsError
            When the row's configuration cannot be used.
        """
        digest = self.base.digest(row)
        there = sorted((self.exp / RUNS).glob(f"*-{digest}"))
        return there[0] if there else self.exp / RUNS / f"{self.base.readable(row)}-{digest}"

    def job(self, row: Row, exp: Path, seed: int, lists: Sequence[str]) -> Job | None:
        """What is left to do for ``row`` with ``seed`` in ``exp``, and the trial ``lists``; None when nothing is."""
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
