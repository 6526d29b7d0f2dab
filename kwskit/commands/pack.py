"""``kwskit pack``."""

import argparse
import os

from kwskit.commands.usage import count, local_folder
from kwskit.task_pool import add_executor

HELP = "pack a corpus into memory-mapped stores and a lexicon (stage 2 of a recipe)"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Tell ``parser`` what the command takes."""
    parser.add_argument("--data", type=local_folder, required=True, help="folder of the corpus, with manifests/*.tsv")
    parser.add_argument("--jobs", type=count, default=os.cpu_count(), help="number of processes (default: one a core)")
    add_executor(parser)
    text = "segments that cannot be used stop the packing (default: they are left out and reported)"
    parser.add_argument("--strict", action="store_true", help=text)


def run(options: argparse.Namespace) -> None:
    """Run it."""
    from kwskit.stages.pack import pack_corpus

    pack_corpus(options.data, options.jobs, "stop" if options.strict else "skip")
