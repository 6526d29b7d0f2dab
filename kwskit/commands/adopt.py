"""``kwskit adopt``."""

import argparse
from pathlib import Path

HELP = "stage 3 without training: take a model trained elsewhere"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Tell ``parser`` what the command takes."""
    told = "its directory, the name of a packaged one, or owner/name of the Hugging Face Hub"
    parser.add_argument("--model", required=True, help=told)
    parser.add_argument("--exp", type=Path, required=True, help="folder of the run")


def run(options: argparse.Namespace) -> None:
    """Run it."""
    from kwskit.stages.adopt import adopt_model

    adopt_model(options.model, options.exp)
