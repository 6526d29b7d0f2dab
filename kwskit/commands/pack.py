"""``kwskit pack``."""

import argparse
import os
from pathlib import Path

HELP = "stage 2: pack a corpus into memory-mapped stores and a lexicon"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Tell ``parser`` what the command takes."""
    parser.add_argument("--data", type=Path, required=True, help="folder with manifests/*.tsv")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="processes (default: all cores)")
    parser.add_argument("--strict", action="store_true", help="stop at bad segments (default: skip and report them)")


def run(options: argparse.Namespace) -> None:
    """Run it."""
    from kwskit.stages.pack import pack_corpus

    pack_corpus(options.data, options.jobs, "stop" if options.strict else "skip")
