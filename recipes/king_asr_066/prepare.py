#!/usr/bin/env python3
"""Stage 1 of recipes/king_asr_066: cut words by their alignments, hold words and speakers out, write trials.

No word and no speaker is in two of train, dev and test.
"""

import argparse
from pathlib import Path

import pyarrow as pa

from kwskit.corpora.alignments.alignment_places import find_alignments
from kwskit.corpora.alignments.before_alignment import alignment_missing
from kwskit.corpora.alignments.read import read_alignments
from kwskit.corpora.king_asr_066 import king_transcripts, king_utterances
from kwskit.corpora.locate import corpus_root
from kwskit.corpora.open_vocabulary import PARTS, hold_out_words, some_rows, speaker_parts
from kwskit.corpora.preparation import Preparation
from kwskit.corpora.segments import audio_lengths, word_segments
from kwskit.corpora.stage_one import StageOne, settings
from kwskit.corpora.text_vocabulary import readable
from kwskit.corpora.typed_trials import draw_wsj_trials

RECIPE = Path(__file__).parent


def main(argv: list[str] | None = None) -> None:
    """Parse, cut, write."""
    _parser().run(prepare, argv)


def prepare(args: argparse.Namespace) -> None:
    """Make all files of stage 1, or say what is missing."""
    preparation = Preparation(args.data, settings(args), args.strict)
    if preparation.is_done():
        return
    findings = preparation.findings
    root = corpus_root(args.corpus, ["DATA"], "King-ASR-066")
    utterances = king_utterances(root, args.channels, findings)
    alignments = find_alignments(args.alignments, (args.data, root))
    if alignments is None:
        transcripts = king_transcripts(root, args.channels, findings, args.jobs)
        raise alignment_missing("King-ASR-066", transcripts, root / "DATA", args.data)
    aligned = read_alignments(alignments, findings, args.jobs)
    utterances = audio_lengths(utterances, args.jobs, findings)
    limits = (args.min_seconds, args.max_seconds)
    table = readable(word_segments(aligned, utterances, findings, *limits, only_known=True), findings)

    shares = {"dev": args.held_out_speakers, "test": args.held_out_speakers}
    parts = speaker_parts(table["speaker"], shares, args.seed)
    parts = hold_out_words(table["word"], parts, {"dev": args.dev_words, "test": args.test_words}, args.seed)
    for place, split in enumerate(PARTS):
        own = table.filter(pa.array(parts == place))
        if split != "train":
            own = some_rows(own, args.segments, args.seed)
        own = preparation.manifest(split, own)
        if split != "train":
            name = draw_wsj_trials(preparation, split, own, args.negatives, args.seed)
    preparation.evaluate(name)
    preparation.finish()
    nowhere = int((parts < 0).sum())
    print(f"{nowhere:,} of {len(table):,} segments are in no split: held-out words or speakers on one side only")


def _channels(text: str) -> list[int]:
    channels = text.split(",")
    if not all(channel.isdigit() for channel in channels):
        raise argparse.ArgumentTypeError(f"'{text}': numbers of channels, such as 0 or 0,1")
    return [int(channel) for channel in channels]


def _parser() -> StageOne:
    parser = StageOne(RECIPE, __doc__)
    parser.add_argument(
        "--corpus",
        type=Path,
        metavar="DIR",
        help="folder of King-ASR-066, with DATA/ in it (default: the folder of --data)",
    )
    parser.add_argument(
        "--alignments",
        type=Path,
        metavar="PATH",
        help="TextGrids, a .ctm, or CSVs of alignments (default: alignments/ in the folder of --corpus or --data)",
    )
    parser.add_argument(
        "--channels", type=_channels, default="0", metavar="N,M", help="microphones that are read (default %(default)s)"
    )
    parser.add_argument(
        "--held_out_speakers",
        type=float,
        default=0.05,
        metavar="SHARE",
        help="share of the speakers for dev, and for test (default %(default)s)",
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
        help="number of segments of dev and of test at most (default %(default)s)",
    )
    parser.add_argument(
        "--min_seconds", type=float, default=0.2, metavar="S", help="length of the shortest word (default %(default)s)"
    )
    parser.add_argument(
        "--max_seconds", type=float, default=2.5, metavar="S", help="length of the longest word (default %(default)s)"
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
