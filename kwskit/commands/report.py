"""``kwskit report``."""

import argparse
from pathlib import Path

HELP = "write the tables of the results and a page to look at (stage 5 of a recipe)"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Tell ``parser`` what the command takes."""
    parser.add_argument("--data", type=Path, required=True, help="folder of the corpus")
    parser.add_argument("--exp", type=Path, required=True, help="folder of the run")


def run(options: argparse.Namespace) -> None:
    """Run it."""
    from kwskit.evaluation.report import write_report

    print(f"report: {write_report(options.exp, options.data)}")
