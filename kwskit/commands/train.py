"""``kwskit train``."""

import argparse
from pathlib import Path

from kwskit.commands.overrides import overrides
from kwskit.commands.usage import add_device

HELP = "train a model (stage 3 of a recipe); --a.b VALUE overrides the YAML"
OVERRIDES = True


def arguments(parser: argparse.ArgumentParser) -> None:
    """Tell ``parser`` what the command takes."""
    parser.add_argument("--config", type=Path, required=True, help="YAML of the experiment")
    parser.add_argument("--overlay", type=Path, action="append", default=[], help="YAML merged over it (repeatable)")
    parser.add_argument("--data", type=Path, required=True, help="folder of the corpus")
    parser.add_argument("--exp", type=Path, required=True, help="folder of the run")
    parser.add_argument("--seed", type=int, help="seed of every random draw, in the place of the YAML's")
    add_device(parser, None)


def run(options: argparse.Namespace, rest: list[str]) -> None:
    """Run it."""
    from kwskit.stages.train import train

    given = overrides(rest)
    if options.seed is not None:
        given["seed"] = str(options.seed)
    train(options.config, options.data, options.exp, options.overlay, given, options.device)
