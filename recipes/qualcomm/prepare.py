#!/usr/bin/env python3
"""Stage 1 of recipes/qualcomm: every recording of the four keywords, tried with each of the four."""

import argparse
from pathlib import Path

from kwskit.corpora.closed_sets import ClosedSet, prepare_closed_sets
from kwskit.corpora.preparation import Preparation
from kwskit.corpora.qualcomm import KEYWORDS, PROTOCOL, qualcomm_recordings
from kwskit.corpora.stage_one import StageOne

RECIPE = Path(__file__).parent


def main(argv: list[str] | None = None) -> None:
    """Parse and prepare."""
    _parser().run(prepare, argv)


def prepare(args: argparse.Namespace) -> None:
    """Write manifest and trials."""
    preparation = Preparation(args.data, {"corpus": args.corpus}, args.strict)
    if preparation.is_done():
        return
    recordings = qualcomm_recordings(args.corpus, preparation.findings)
    prepare_closed_sets(preparation, [ClosedSet("keywords", PROTOCOL, recordings, KEYWORDS)], args.jobs)
    preparation.finish()


def _parser() -> StageOne:
    parser = StageOne(RECIPE, __doc__, sizes=["full"], seed=None)
    parser.add_argument(
        "--corpus", type=Path, metavar="DIR", help="folder of the corpus as published (default: the folder of --data)"
    )
    return parser


if __name__ == "__main__":
    main()
