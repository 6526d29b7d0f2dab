"""``kwskit adopt``."""

import argparse
from pathlib import Path

HELP = "take a model that was trained elsewhere (stage 3 of a recipe without training)"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Tell ``parser`` what the command takes."""
    text = "model: a directory, a packaged name, or owner/name of the Hugging Face Hub"
    parser.add_argument("--model", required=True, help=text)
    parser.add_argument("--exp", type=Path, required=True, help="folder of the run")


def run(options: argparse.Namespace) -> None:
    """Run it."""
    from kwskit.stages.adopt import adopt_model

    adopt_model(options.model, options.exp)
