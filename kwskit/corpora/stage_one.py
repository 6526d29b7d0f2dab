"""The command line of a recipe's stage 1."""

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

# What the files of stage 1 do not depend on.
APART = ("data", "size", "jobs", "strict")


class StageOne(argparse.ArgumentParser):
    """Takes what ``tools/recipe.sh`` hands to every recipe; a recipe adds flags of its own.

    ``data`` and ``corpus`` of what it parses are absolute paths; the corpus is in the folder of the data unless named.

    Parameters
    ----------
    recipe : the recipe's folder; data go to its ``data/<size>`` unless named
    told : what the stage does
    corpus : what is to be named with ``--corpus``
    sizes : what ``--size`` may be, the first by default; None for any
    seed : of all draws, by default; None where nothing is drawn
    """

    def __init__(
        self,
        recipe: Path,
        description: str | None,
        corpus: str,
        sizes: Sequence[str] | None = None,
        seed: int | None = 7,
    ):
        super().__init__(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
        self.recipe = recipe
        drawn = "taken from the runner; nothing is drawn here" if seed is None else f"of all draws; default: {seed}"
        sized = "size of the data, where there are several; default: %(default)s"
        self.add_argument("--data", type=Path, help=f"where all goes; default: {recipe.name}'s data/<size>")
        self.add_argument("--size", choices=sizes, default=sizes[0] if sizes else "full", help=sized)
        self.add_argument("--corpus", type=Path, help=f"{corpus}; default: in the folder of --data")
        self.add_argument("--seed", type=int, default=seed, help=drawn)
        self.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes; default: one a core")
        self.add_argument(
            "--strict", action="store_true", help="stop at what cannot be used, instead of leaving it out"
        )

    def run(self, prepare: Callable[[argparse.Namespace], None], argv: Sequence[str] | None = None) -> None:
        """Parse and ``prepare``; what a person can mend ends the process with ``prepare:`` and the reason."""
        args = self.parse_args(argv)
        args.data = (args.data or self.recipe / "data" / args.size).absolute()
        args.corpus = (args.corpus or args.data).absolute()
        try:
            prepare(args)
        except (OSError, ValueError) as error:
            sys.exit(f"prepare: {error}")


def settings(args: argparse.Namespace) -> dict[str, Any]:
    """What the files of the stage depend on, for :class:`~kwskit.corpora.preparation.Preparation`."""
    return {name: value for name, value in vars(args).items() if name not in APART}
