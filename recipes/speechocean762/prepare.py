#!/usr/bin/env python3
"""Stage 1 of recipes/speechocean762: words of learners of English, cut by alignments.

One speaker in twenty of the corpus' training part is dev and one test, by hash; all of its test part is test.
"""

import argparse
from pathlib import Path

import numpy as np
import pyarrow.compute as pc

from kwskit.corpora.held_back import held_back_parts
from kwskit.corpora.open_vocabulary import PARTS
from kwskit.corpora.preparation import Preparation
from kwskit.corpora.speechocean762 import NAME, TEST, speechocean762_utterances
from kwskit.corpora.spoken_preparation import prepare_spoken, spoken_parser
from kwskit.corpora.stage_one import settings

RECIPE = Path(__file__).parent


def main(argv: list[str] | None = None) -> None:
    """Parse, cut, write."""
    parser = spoken_parser(RECIPE, __doc__)
    parser.add_argument(
        "--corpus",
        type=Path,
        metavar="DIR",
        help="folder with WAVE, train and test (default: the folder of --data, where stage 0 puts it)",
    )
    parser.run(prepare, argv)


def prepare(args: argparse.Namespace) -> None:
    """Make all files of stage 1, or say what is missing."""
    preparation = Preparation(args.data, settings(args), args.strict)
    if preparation.is_done():
        return
    utterances = speechocean762_utterances(args.corpus, preparation.findings)
    parts = held_back_parts("speechocean762", utterances["speaker"].to_pylist())
    parts[np.asarray(pc.equal(utterances["split"], TEST))] = PARTS.index("test")
    prepare_spoken(preparation, NAME, utterances, parts, args)


if __name__ == "__main__":
    main()
