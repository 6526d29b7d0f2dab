#!/usr/bin/env python3
"""Stage 1 of recipes/common_voice: words of Common Voice, or of any transcribed recordings, cut by alignments.

One speaker in twenty is dev and one test, by hash; where speakers are not named, recordings.
"""

import argparse
from pathlib import Path

from kwskit.corpora.common_voice import NAME, VALIDATED, common_voice_clips
from kwskit.corpora.held_back import held_back_parts
from kwskit.corpora.preparation import Preparation
from kwskit.corpora.spoken_preparation import prepare_spoken, spoken_parser
from kwskit.corpora.stage_one import StageOne, settings

RECIPE = Path(__file__).parent


def main(argv: list[str] | None = None) -> None:
    """Parse, cut, write."""
    _parser().run(prepare, argv)


def prepare(args: argparse.Namespace) -> None:
    """Make all files of stage 1, or say what is missing."""
    preparation = Preparation(args.data, settings(args), args.strict)
    if preparation.is_done():
        return
    clips = common_voice_clips(args.corpus, preparation.findings, args.list, args.language)
    parts = held_back_parts("common_voice", clips["speaker"].to_pylist())
    prepare_spoken(preparation, NAME, clips, parts, args)


def _parser() -> StageOne:
    parser = spoken_parser(RECIPE, __doc__, "a release, or a folder of recordings with text.tsv")
    parser.add_argument("--list", default=VALIDATED, help="table of the release, without .tsv; default: %(default)s")
    parser.add_argument("--language", default="en", help="its folder in the release; default: %(default)s")
    return parser


if __name__ == "__main__":
    main()
