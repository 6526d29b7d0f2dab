"""``kwskit report``."""

import argparse
from pathlib import Path

HELP = "stage 5: tables and a page to look at"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Tell ``parser`` what the command takes."""
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--exp", type=Path, required=True)


def run(options: argparse.Namespace) -> None:
    """Run it."""
    from kwskit.evaluation.report import write_report

    print(f"report: {write_report(options.exp, options.data)}")
