#!/usr/bin/env python3
"""Stage 1 of recipes/librispeech: cut words or phrases by their alignments, write manifests and trial lists."""

import argparse
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from kwskit.corpora.alignments.alignment_places import librispeech_alignments
from kwskit.corpora.alignments.read import read_alignments
from kwskit.corpora.held_back import held_back_parts, without_test_words
from kwskit.corpora.librispeech import MINI, hold_out_speakers, read_librispeech
from kwskit.corpora.open_vocabulary import PARTS
from kwskit.corpora.preparation import Preparation
from kwskit.corpora.segment_protocol import PROTOCOLS, SegmentProtocol
from kwskit.corpora.segments import audio_lengths, phrase_segments, word_segments
from kwskit.corpora.stage_one import StageOne
from kwskit.corpora.text_vocabulary import by_vocabulary, can_be_told_apart, frequent, readable
from kwskit.corpora.typed_trials import draw_easy_and_hard_trials, draw_wsj_trials
from kwskit.errors import CorpusError

RECIPE = Path(__file__).parent


def main(argv: list[str] | None = None) -> None:
    """Parse, cut, write."""
    _parser().run(_tell_parts_or_prepare, argv)


def _tell_parts_or_prepare(args: argparse.Namespace) -> None:
    """Print the parts of LibriSpeech that are wanted, for stage 0, or prepare."""
    if not args.parts:
        prepare(args)
        return
    protocol = _protocol(args)
    print(*dict.fromkeys([*protocol.train, *protocol.dev, *protocol.test]))


def prepare(args: argparse.Namespace) -> None:
    """Make all files of stage 1, or say what is missing."""
    protocol = _protocol(args)
    data, corpus = args.data, args.corpus
    alignments = librispeech_alignments(args.alignments, [data, corpus, *corpus.glob("LibriSpeech")])
    facts = {name: getattr(args, name) for name in ("phrases", "split_speakers", "negatives", "seed")}
    preparation = Preparation(
        data, {**facts, **vars(protocol), "corpus": corpus, "alignments": alignments}, args.strict
    )
    if preparation.is_done():
        return
    segments = _segments(preparation, args, protocol, corpus, alignments)
    splits = {split: segments.filter(pc.equal(segments["split"], split)) for split in PARTS}

    if protocol.held_back:
        splits["train"] = without_test_words(splits["train"])
    splits["train"] = frequent(splits["train"], protocol.least)
    vocabulary = set(splits["train"]["word"].unique().to_pylist())
    if vocabulary:
        preparation.manifest("train", splits["train"])
    else:
        print(f"no training: no word has {protocol.least} occurrences in it; stage 3 needs --model")
    if len(splits["dev"]):
        dev = preparation.manifest("dev", splits["dev"])
        draw_wsj_trials(preparation, "dev", dev, args.negatives, args.seed)
    else:
        print("no dev words: stage 3 needs --model")
    if not len(splits["test"]):
        raise CorpusError("no test words: name their part with --test, or hold speakers out with --split_speakers")
    test = preparation.manifest("test", splits["test"])
    preparation.evaluate(draw_wsj_trials(preparation, "test", test, args.negatives, args.seed, vocabulary or None))
    preparation.evaluate(*draw_easy_and_hard_trials(preparation, "test", test, args.seed))
    _word_discrimination(preparation, test, vocabulary)
    preparation.finish()


def _segments(
    preparation: Preparation, args: argparse.Namespace, protocol: SegmentProtocol, corpus: Path, alignments: Path
) -> pa.Table:
    """All segments, of ``split`` train, dev and test."""
    parts = {part: split for split in ("test", "dev", "train") for part in getattr(protocol, split)}
    utterances = read_librispeech(corpus, list(parts), preparation.findings)
    if args.split_speakers is None:
        split = pa.array([parts[part] for part in utterances["split"].to_pylist()], pa.string())
        if protocol.held_back:
            held = held_back_parts("librispeech", utterances["speaker"].to_pylist())
            split = pc.if_else(pc.equal(split, "train"), pa.array(PARTS).take(pa.array(held)), split)
        utterances = utterances.set_column(utterances.column_names.index("split"), "split", split)
    else:
        dev, test = args.split_speakers
        utterances = hold_out_speakers(utterances, dev, test, args.seed)
    utterances = audio_lengths(utterances, args.jobs, preparation.findings)
    aligned = read_alignments(alignments, preparation.findings, args.jobs)
    limits = (protocol.min_seconds, protocol.max_seconds)
    if args.phrases == (1, 1):
        table = word_segments(aligned, utterances, preparation.findings, *limits, only_known=True)
    else:
        table = phrase_segments(aligned, utterances, preparation.findings, args.phrases, *limits, only_known=True)
    return readable(table, preparation.findings)


def _word_discrimination(preparation: Preparation, test: pa.Table, vocabulary: set[str]) -> None:
    """Segments against each other and against texts, within known and within new words."""
    for kind, table in by_vocabulary(test, vocabulary).items():
        if can_be_told_apart(table):
            preparation.manifest(f"test_{kind}", table)
            preparation.evaluate(f"segments_test_{kind}")
        elif vocabulary or len(table):
            print(f"test_{kind}: too few segments for word discrimination ({len(table):,})")


def _protocol(args: argparse.Namespace) -> SegmentProtocol:
    """The named protocol with what the flags change."""
    protocol = PROTOCOLS[args.protocol]
    given = {split: getattr(args, split) for split in ("train", "dev", "test") if getattr(args, split) is not None}
    if args.split_speakers is not None:
        clash = [f"--{split}" for split in ("dev", "test") if split in given]
        if clash:
            raise CorpusError(f"{' and '.join(clash)} with --split_speakers, which takes dev and test from --train")
        given |= {"dev": (), "test": ()}
    changed = {name: value for name in ("least",) if (value := getattr(args, name)) is not None}
    protocol = replace(protocol, **given, **changed)
    train, dev, test = ({MINI.get(part, part) for part in getattr(protocol, split)} for split in PARTS)
    twice = (train & (dev | test)) | (dev & test)
    if twice:
        named = {*protocol.train, *protocol.dev, *protocol.test}
        whole = {part: f" (of which {mini} is a part)" for mini, part in MINI.items() if mini in named}
        parts = ", ".join(f"{part}{whole.get(part, '')}" for part in sorted(twice))
        raise CorpusError(f"{parts}: a part cannot be in two of --train, --dev and --test")
    return protocol


def _parts(text: str) -> tuple[str, ...]:
    return () if text == "none" else tuple(part for part in text.split(",") if part)


def _range(text: str) -> tuple[int, int]:
    low, _, high = text.partition("-")
    if not (low.isdigit() and (high or low).isdigit() and 1 <= int(low) <= int(high or low) <= 10):
        raise argparse.ArgumentTypeError(f"'{text}': numbers of words, such as 1-4")
    return int(low), int(high or low)


def _two_counts(text: str) -> tuple[int, int]:
    counts = text.split(",")
    if len(counts) != 2 or not all(count.strip().isdigit() for count in counts):
        raise argparse.ArgumentTypeError(f"'{text}': numbers of speakers for dev and test, such as 40,60")
    return int(counts[0]), int(counts[1])


def _parser() -> StageOne:
    parser = StageOne(RECIPE, __doc__)
    parser.add_argument(
        "--corpus",
        type=Path,
        metavar="DIR",
        help="folder of LibriSpeech (default: the folder of --data, where stage 0 puts it)",
    )
    parser.add_argument(
        "--alignments",
        type=Path,
        metavar="PATH",
        help="TextGrids, a .ctm, or CSVs of alignments (default: alignments/ in the folder of --corpus or --data)",
    )
    parser.add_argument(
        "--protocol",
        choices=["jmcl", "king", "mini"],
        default="jmcl",
        metavar="NAME",
        help="protocol of the corpus: jmcl (train-clean-100, words of 0.5 to 2 s), king (all 960 h, 0.2 to 2.5 s), "
        "or mini (5 h of OpenSLR 31) (default %(default)s)",
    )
    parser.add_argument(
        "--train",
        type=_parts,
        metavar="PARTS",
        help="parts of LibriSpeech to train on, comma separated, or none (default: those of the protocol)",
    )
    parser.add_argument(
        "--dev",
        type=_parts,
        metavar="PARTS",
        help="parts for dev, comma separated, or none (default: those of the protocol)",
    )
    parser.add_argument(
        "--test",
        type=_parts,
        metavar="PARTS",
        help="parts for test, comma separated, or none (default: those of the protocol)",
    )
    parser.add_argument(
        "--least",
        type=int,
        metavar="N",
        help="number of occurrences that a word needs to be in the training (default: 4, king 2)",
    )
    parser.add_argument(
        "--phrases",
        type=_range,
        default="1",
        metavar="N-M",
        help="number of words in a segment, e.g. 1-4 (default %(default)s)",
    )
    parser.add_argument(
        "--split_speakers",
        type=_two_counts,
        metavar="N,M",
        help="numbers of speakers of --train that are held out by --seed for dev and for test, e.g. 40,60",
    )
    parser.add_argument(
        "--negatives",
        type=int,
        default=50,
        metavar="N",
        help="number of other words that a test segment is tried with (default %(default)s)",
    )
    parser.add_argument("--parts", action="store_true", help="print the parts that are wanted, and stop")
    return parser


if __name__ == "__main__":
    main()
