"""``kwskit train``."""

import argparse
from pathlib import Path

from kwskit.commands.overrides import overrides

HELP = "stage 3: train; any --a.b VALUE overrides the YAML"
OVERRIDES = True


def arguments(parser: argparse.ArgumentParser) -> None:
    """Tell ``parser`` what the command takes."""
    parser.add_argument("--config", type=Path, required=True, help="the experiment's YAML")
    parser.add_argument("--overlay", type=Path, action="append", default=[], help="YAML merged over it (repeatable)")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--exp", type=Path, required=True, help="folder of the run")
    parser.add_argument("--seed", type=int, help="overrides the YAML's seed")
    parser.add_argument("--device", help="cpu, cuda, cuda:1 … (default: cuda where there is one)")


def run(options: argparse.Namespace, rest: list[str]) -> None:
    """Run it."""
    from kwskit.stages.train import train

    given = overrides(rest)
    if options.seed is not None:
        given["seed"] = str(options.seed)
    train(options.config, options.data, options.exp, options.overlay, given, options.device)
