#!/usr/bin/env python3
"""Stage 1 of recipes/qualcomm: every recording of the four keywords, tried with each of the four."""

import argparse
from pathlib import Path

from kwskit.corpora.closed_sets import ClosedSet, prepare_closed_sets
from kwskit.corpora.preparation import Preparation
from kwskit.corpora.qualcomm import KEYWORDS, PROTOCOL, qualcomm_recordings
from kwskit.corpora.stage_one import StageOne


def main(argv: list[str] | None = None) -> None:
    """Parse and prepare."""
    recipe = Path(__file__).parent
    StageOne(recipe, __doc__, "the corpus as published", ["full"], seed=None).run(prepare, argv)


def prepare(args: argparse.Namespace) -> None:
    """Write manifest and trials."""
    preparation = Preparation(args.data, {"corpus": args.corpus}, args.strict)
    if preparation.is_done():
        return
    recordings = qualcomm_recordings(args.corpus, preparation.findings)
    prepare_closed_sets(preparation, [ClosedSet("keywords", PROTOCOL, recordings, KEYWORDS)], args.jobs)
    preparation.finish()


if __name__ == "__main__":
    main()
