"""The command line of a recipe's stage 1."""

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from kwskit.task_pool import WorkerDied, add_executor, tasks_on

# What the files of stage 1 do not depend on.
APART = ("data", "size", "jobs", "executor", "strict")


class StageOne(argparse.ArgumentParser):
    """Takes what ``tools/recipe.sh`` hands to every recipe; the runner reads in prepare.py what a recipe adds.

    ``data`` and ``corpus`` of what it parses are absolute paths; where no ``--corpus`` is given, the corpus is in the
    folder of the data.

    Parameters
    ----------
    recipe : the recipe's folder; data go to its ``data/<size>`` unless named
    description : what the stage does
    sizes : sizes that ``--size`` may name, the first by default; None for any
    seed : seed of every random draw, by default; None where nothing is drawn
    """

    def __init__(
        self,
        recipe: Path,
        description: str | None,
        *,
        sizes: Sequence[str] | None = None,
        seed: int | None = 7,
    ):
        super().__init__(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
        self.recipe = recipe
        drawn = (
            "seed that the runner hands over; nothing is drawn"
            if seed is None
            else f"seed of every draw (default {seed})"
        )
        sized = "size of the data, where there are several (default %(default)s)"
        self.add_argument("--data", type=Path, help=f"folder of all results (default: {recipe.name}'s data/<size>)")
        self.add_argument("--size", choices=sizes, default=sizes[0] if sizes else "full", help=sized)
        self.add_argument("--seed", type=int, default=seed, help=drawn)
        self.add_argument(
            "--jobs", type=int, default=os.cpu_count() or 1, help="number of processes (default: one a core)"
        )
        add_executor(self)
        self.add_argument(
            "--strict", action="store_true", help="stop at what cannot be used, instead of leaving it out"
        )

    def run(self, prepare: Callable[[argparse.Namespace], None], argv: Sequence[str] | None = None) -> None:
        """Parse and ``prepare``; what a person can mend ends the process with ``prepare:`` and the reason."""
        args = self.parse_args(argv)
        args.data = (args.data or self.recipe / "data" / args.size).absolute()
        args.corpus = (vars(args).get("corpus") or args.data).absolute()
        try:
            with tasks_on(args.executor):
                prepare(args)
        except (OSError, ValueError, WorkerDied) as error:
            sys.exit(f"prepare: {error}")


def settings(args: argparse.Namespace) -> dict[str, Any]:
    """What the files of the stage depend on, for :class:`~kwskit.corpora.preparation.Preparation`."""
    return {name: value for name, value in vars(args).items() if name not in APART}
