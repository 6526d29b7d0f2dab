"""``kwskit score``."""

import argparse
from pathlib import Path

HELP = "stage 4: embed, score the trials, compute the results"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Tell ``parser`` what the command takes."""
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--exp", type=Path, required=True)
    parser.add_argument("--words-dir", type=Path, help="recordings to score too: a folder a word, or a TSV")
    parser.add_argument("--device")
    told = "write the trained model's score file of this trial list and nothing else, e.g. test_wsj (repeatable)"
    parser.add_argument("--only", action="append", metavar="TRIALS", help=told)


def run(options: argparse.Namespace) -> None:
    """Run it."""
    from kwskit.stages.score import score, score_trials

    if options.only:
        score_trials(options.data, options.exp, options.only, options.device)
    else:
        score(options.data, options.exp, options.words_dir, options.device)
