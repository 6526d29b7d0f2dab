"""``kwskit score``."""

import argparse
from pathlib import Path

from kwskit.commands.usage import add_device

HELP = "embed speech and text, score the trials and compute the results (stage 4 of a recipe)"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Tell ``parser`` what the command takes."""
    parser.add_argument("--data", type=Path, required=True, help="folder of the corpus")
    parser.add_argument("--exp", type=Path, required=True, help="folder of the run")
    text = "recordings that are scored as well: a folder of folders named after words, or a TSV"
    parser.add_argument("--words-dir", type=Path, help=text)
    add_device(parser, None)
    text = "name of the only trial list whose score file is written, such as test_wsj; no results are (repeatable)"
    parser.add_argument("--only", action="append", metavar="TRIALS", help=text)


def run(options: argparse.Namespace) -> None:
    """Run it."""
    from kwskit.stages.score import score, score_trials

    if options.only:
        score_trials(options.data, options.exp, options.only, options.device)
    else:
        score(options.data, options.exp, options.words_dir, options.device)
