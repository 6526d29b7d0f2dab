#!/usr/bin/env python3
"""Stage 1 of recipes/mswc: clips of the Multilingual Spoken Words Corpus, with words held out of the training.

train has clips of the official training set, without the words that are held out; dev and test have clips of held-out
words in the official dev and test sets; test_known has words of the training in the official test set.
"""

import argparse
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from kwskit.corpora.mswc import mswc_clips
from kwskit.corpora.open_vocabulary import PARTS, hold_out_words, some_rows
from kwskit.corpora.preparation import Preparation
from kwskit.corpora.stage_one import StageOne, settings
from kwskit.corpora.text_vocabulary import frequent, readable
from kwskit.corpora.typed_trials import draw_wsj_trials
from kwskit.errors import CorpusError

RECIPE = Path(__file__).parent


def main(argv: list[str] | None = None) -> None:
    """Parse, select, write."""
    _parser().run(prepare, argv)


def prepare(args: argparse.Namespace) -> None:
    """Make all files of stage 1, or say what is missing."""
    preparation = Preparation(args.data, settings(args), args.strict)
    if preparation.is_done():
        return
    table = pa.concat_tables([mswc_clips(args.corpus, code, preparation.findings) for code in args.language.split(",")])
    table = readable(table, preparation.findings)
    if not len(table):
        raise CorpusError(
            f"--language {args.language}: no word in Latin letters, and those are what texts are typed in here"
        )
    clips = len(table)
    table = frequent(table, args.least)
    if not len(table):
        raise CorpusError(f"no word has {args.least} clips; the least is set by --least")
    print(f"{len(table):,} of {clips:,} clips are of words with at least {args.least}")

    official = pc.index_in(table["split"], pa.array(PARTS)).to_numpy().astype(np.int8)
    parts = hold_out_words(table["word"], official, {"dev": args.dev_words, "test": args.test_words}, args.seed)
    train = preparation.manifest("train", table.filter(pa.array(parts == PARTS.index("train"))))
    vocabulary = train["word"].combine_chunks().unique()
    heard = train["speaker"].combine_chunks().unique()
    known = pc.and_(pc.is_in(table["word"], vocabulary), pa.array(official == PARTS.index("test")))
    lists = {split: table.filter(pa.array(parts == PARTS.index(split))) for split in ("dev", "test")}
    for split, own in (lists | {"test_known": table.filter(known)}).items():
        own = preparation.manifest(split, some_rows(own, args.segments, args.seed))
        name = draw_wsj_trials(preparation, split, own, args.negatives, args.seed)
        if split != "dev":
            preparation.evaluate(name)
        same = pc.mean(pc.is_in(own["speaker"], heard).cast(pa.float64())).as_py()
        print(f"{split}: {100 * same:.0f} % of its clips are of speakers that train has, too")
    preparation.finish()
    nowhere = int((parts < 0).sum())
    print(f"{nowhere:,} clips are in no open-vocabulary split: words and official sets do not agree")


def _parser() -> StageOne:
    parser = StageOne(RECIPE, __doc__)
    parser.add_argument(
        "--corpus",
        type=Path,
        metavar="DIR",
        help="folder that holds en/clips (default: the folder of --data, where stage 0 puts it)",
    )
    parser.add_argument(
        "--language",
        default="en",
        metavar="CODES",
        help="languages, with commas: en, de, fr ...; all but en need letters instead of phonemes: --overlay "
        "recipes/hparams/text/characters.yaml (default %(default)s)",
    )
    parser.add_argument(
        "--least", type=int, default=5, metavar="N", help="number of clips that a word needs (default %(default)s)"
    )
    parser.add_argument(
        "--dev_words",
        type=int,
        default=1000,
        metavar="N",
        help="number of words that only dev has (default %(default)s)",
    )
    parser.add_argument(
        "--test_words",
        type=int,
        default=3000,
        metavar="N",
        help="number of words that only test has (default %(default)s)",
    )
    parser.add_argument(
        "--segments",
        type=int,
        default=18000,
        metavar="N",
        help="number of segments of each test list at most (default %(default)s)",
    )
    parser.add_argument(
        "--negatives",
        type=int,
        default=50,
        metavar="N",
        help="number of other words that a segment is tried with (default %(default)s)",
    )
    return parser


if __name__ == "__main__":
    main()
