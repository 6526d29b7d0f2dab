#!/usr/bin/env python3
"""Stage 1 of recipes/wsj: draw word segments of the Wall Street Journal, corrupt them, write manifests and trials.

test holds the corrupted segments, test_clean the same as recorded; each segment is tried with its own word and with 50
others (ADML's protocol). With --train there are train and dev, too.
"""

import argparse
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from kwskit.corpora.alignments.alignment_places import find_alignments
from kwskit.corpora.alignments.before_alignment import alignment_missing, link_as_wav
from kwskit.corpora.alignments.read import read_alignments
from kwskit.corpora.corruption import Corruption, corrupted_copy
from kwskit.corpora.open_vocabulary import PARTS, hold_out_words, some_rows, speaker_parts
from kwskit.corpora.preparation import Preparation
from kwskit.corpora.segments import word_segments
from kwskit.corpora.sphere.conversion import converted, with_readable_paths
from kwskit.corpora.stage_one import StageOne, settings
from kwskit.corpora.text_vocabulary import readable as sayable
from kwskit.corpora.typed_trials import draw_wsj_trials
from kwskit.corpora.wsj import drawn_segments, wsj_lengths, wsj_utterances
from kwskit.corpora.wsj_transcripts import wsj_transcripts
from kwskit.errors import CorpusError
from kwskit.evaluation.trials import WSJ, wsj_trials

RECIPE = Path(__file__).parent
HELD_OUT_SPEAKERS = 0.05
DEV_SEGMENTS = 10_000


def main(argv: list[str] | None = None) -> None:
    """Parse, prepare."""
    _parser().run(prepare, argv)


def prepare(args: argparse.Namespace) -> None:
    """Write what stage 1 writes, or say that it is there."""
    preparation = Preparation(args.data, settings(args), args.strict)
    if preparation.is_done():
        return
    data, root = args.data, args.corpus
    alignments = find_alignments(args.alignments, (data, root))
    if alignments is None:
        raise before_alignment(root, data, preparation, args)
    corruption = Corruption(args.seed, *(Path(given) if given else None for given in (args.musan, args.rirs)))
    aligned = read_alignments(alignments, preparation.findings, args.jobs)
    lower = pc.utf8_lower(aligned["utterance"])  # names of files are in capitals on some discs
    aligned = aligned.set_column(aligned.column_names.index("utterance"), "utterance", lower)

    def segments(sets: str) -> pa.Table:
        utterances = wsj_utterances(root, sets.split(","), preparation.findings, args.microphone)
        utterances = wsj_lengths(utterances, preparation.findings, args.jobs)
        limits = (args.min_seconds, args.max_seconds)
        table = word_segments(aligned, utterances, preparation.findings, *limits, only_known=True)
        return sayable(table, preparation.findings)

    def readable(table: pa.Table) -> pa.Table:
        return with_readable_paths(table, data / "audio", preparation.findings, args.jobs)

    everything = segments(args.test)
    test = readable(drawn_segments(everything, args.segments, args.words, args.seed))
    clean = preparation.manifest("test_clean", test)
    corrupted = corrupted_copy(clean, corruption, data, preparation.findings, args.jobs)
    corrupted = preparation.manifest("test", corrupted)
    words = corrupted["word"].unique()
    facts = {"protocol": WSJ, "seed": args.seed, "negatives": args.negatives, "words": len(words), "sets": args.test}
    if args.train:
        train = segments(args.train)
        if pc.any(pc.is_in(train["utt_id"], everything["utt_id"].combine_chunks())).as_py():
            raise CorpusError(f"--train {args.train} and --test {args.test} share utterances")
        vocabulary = training_splits(readable(train), preparation, args)
        facts["words_of_training"] = pc.sum(pc.is_in(words, vocabulary)).as_py()
    trials = wsj_trials(corrupted["utt_id"].to_pylist(), corrupted["word"].to_pylist(), args.negatives, args.seed)
    preparation.trials("test_wsj", trials, facts | corruption.facts)
    preparation.trials("test_clean_wsj", trials, facts)
    preparation.evaluate("test_wsj", "test_clean_wsj")
    preparation.finish()
    found = ", ".join(f"{name} {value}" for name, value in corruption.facts.items())
    print(f"test is corrupted ({found}), test_clean is not")
    print(
        f"test: {len(corrupted):,} segments of {len(words):,} words, drawn from {args.test} with seed {args.seed}: "
        "ADML's list (18,000 of 3,200) is unpublished, so its figures are near these, not the same"
    )


def before_alignment(root: Path, data: Path, preparation: Preparation, args: argparse.Namespace) -> CorpusError:
    """Make ready what `kwskit align` needs, decompressed audio and transcripts; returns what to tell."""
    sets = [name for name in f"{args.test},{args.train}".split(",") if name]
    utterances = wsj_utterances(root, sets, preparation.findings, args.microphone)
    utterances = wsj_lengths(utterances, preparation.findings, args.jobs)
    names = utterances["utterance"].to_pylist()
    files = {name: Path(path) for name, path in zip(names, utterances["path"].to_pylist(), strict=True)}
    link_as_wav(converted(files, data / "audio", preparation.findings, args.jobs), data / "audio")
    transcripts = wsj_transcripts(root, preparation.findings)
    own = transcripts.filter(pc.is_in(transcripts["utterance"], utterances["utterance"].combine_chunks()))
    if not len(own):
        raise CorpusError(f"none of {len(transcripts):,} transcripts in {root} is of {', '.join(sets)}")
    if len(preparation.findings):
        print(f"left out:\n{preparation.findings.summary()}")
    return alignment_missing("WSJ", own, data / "audio", data)


def training_splits(table: pa.Table, preparation: Preparation, args: argparse.Namespace) -> pa.Array:
    """Prepare train and dev, which share no word and no speaker; returns the words of train."""
    parts = speaker_parts(table["speaker"], {"dev": HELD_OUT_SPEAKERS}, args.seed)
    parts = hold_out_words(table["word"], parts, {"dev": args.dev_words}, args.seed)
    train = preparation.manifest("train", table.filter(pa.array(parts == PARTS.index("train"))))
    dev = some_rows(table.filter(pa.array(parts == PARTS.index("dev"))), DEV_SEGMENTS, args.seed)
    dev = preparation.manifest("dev", dev)
    draw_wsj_trials(preparation, "dev", dev, args.negatives, args.seed, facts={"sets": args.train})
    return train["word"].combine_chunks().unique()


def _parser() -> StageOne:
    parser = StageOne(RECIPE, __doc__)
    parser.add_argument(
        "--corpus",
        type=Path,
        metavar="DIR",
        help="folder of LDC's discs, e.g. with 11-1.1/wsj0 in it (default: the folder of --data)",
    )
    parser.add_argument(
        "--alignments",
        type=Path,
        metavar="PATH",
        help="TextGrids, a .ctm, or CSVs of alignments (default: alignments/ in the folder of --corpus or --data; if "
        "there are none, stage 1 makes ready what kwskit align needs, and says so)",
    )
    # Sets of the 20k and 64k vocabulary that nobody trains on: 333, 213 and 503 utterances.
    parser.add_argument(
        "--test",
        default="si_et_20,si_et_h1,si_dt_20",
        metavar="SETS",
        help="sets or .ndx files, with commas (default %(default)s)",
    )
    parser.add_argument(
        "--train",
        default="",
        metavar="SETS",
        help="sets or .ndx files to train on, e.g. si_tr_s (default: nothing is trained, --model is scored)",
    )
    parser.add_argument(
        "--segments", type=int, default=18000, metavar="N", help="number of segments of the test (default %(default)s)"
    )
    parser.add_argument(
        "--words", type=int, default=3200, metavar="N", help="number of words of the test (default %(default)s)"
    )
    parser.add_argument(
        "--dev_words",
        type=int,
        default=500,
        metavar="N",
        help="number of words of --train that are held out for dev (default %(default)s)",
    )
    parser.add_argument(
        "--microphone",
        type=int,
        choices=(1, 2),
        default=1,
        metavar="N",
        help="microphone: 1 is .wv1, 2 is .wv2 (default %(default)s)",
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
    parser.add_argument("--musan", metavar="DIR", help="folder of MUSAN (default: synthetic noise)")
    parser.add_argument("--rirs", metavar="DIR", help="folder of RIRS_NOISES (default: simulated rooms)")
    return parser


if __name__ == "__main__":
    main()
