#!/usr/bin/env python3
"""Stage 1 of recipes/qualcomm: every recording of the four keywords, tried with each of the four."""

import argparse
import os
import sys
from pathlib import Path

from kwskit.corpora.closed_sets import ClosedSet, prepare_closed_sets
from kwskit.corpora.corpus_error import CorpusError
from kwskit.corpora.preparation import Preparation
from kwskit.corpora.qualcomm import KEYWORDS, PROTOCOL, qualcomm_recordings
from kwskit.records import RecordError


def main(argv: list[str] | None = None) -> None:
    """Parse and prepare."""
    args = _parser().parse_args(argv)
    data = Path(args.data or Path(__file__).parents[1] / "data" / args.size)
    given = Path(args.corpus or data)
    try:
        preparation = Preparation(data, {"corpus": given.absolute()}, args.strict)
        if not preparation.is_done():
            recordings = qualcomm_recordings(given, preparation.findings)
            prepare_closed_sets(preparation, [ClosedSet("keywords", PROTOCOL, recordings, KEYWORDS)], args.jobs)
            preparation.finish()
    except (CorpusError, RecordError, OSError, ValueError) as error:
        sys.exit(f"prepare: {error}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", choices=["full"], default="full", help="the corpus has one size")
    parser.add_argument("--data", help="where manifest and trials go; default: recipes/qualcomm/data/full")
    parser.add_argument("--corpus", help="the corpus as published; default: the --data folder")
    parser.add_argument("--seed", type=int, help="taken from the runner; nothing is drawn here")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes; default: one a core")
    parser.add_argument("--strict", action="store_true", help="stop at what cannot be used, instead of leaving it out")
    return parser


if __name__ == "__main__":
    main()
