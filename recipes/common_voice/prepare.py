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
    parser = spoken_parser(RECIPE, __doc__)
    parser.add_argument(
        "--corpus",
        type=Path,
        metavar="DIR",
        help="folder of a release or of one language of it, or of recordings with text.tsv (default: the folder of "
        "--data)",
    )
    parser.add_argument(
        "--list",
        default=VALIDATED,
        metavar="NAME",
        help="table of the release, of version 1 e.g. cv-valid-train (default validated)",
    )
    parser.add_argument(
        "--language",
        default="en",
        metavar="CODE",
        help="language's folder in the release; alignments and phonemes are those of English (default %(default)s)",
    )
    return parser


if __name__ == "__main__":
    main()
