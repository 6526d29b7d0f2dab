"""Stage 1 of recipes of transcribed recordings: words cut by their alignments, people held back once and for all."""

import argparse
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from kwskit.corpora.alignment_scores import LEAST
from kwskit.corpora.alignments.alignment_places import find_alignments
from kwskit.corpora.alignments.before_alignment import alignment_missing
from kwskit.corpora.alignments.read import read_alignments
from kwskit.corpora.held_back import without_test_words
from kwskit.corpora.open_vocabulary import PARTS, some_rows
from kwskit.corpora.preparation import Preparation
from kwskit.corpora.segments import audio_lengths, word_segments
from kwskit.corpora.stage_one import StageOne
from kwskit.corpora.text_vocabulary import frequent, readable
from kwskit.corpora.typed_trials import draw_wsj_trials
from kwskit.corpora.utterances import UTTERANCES
from kwskit.errors import CorpusError


def prepare_spoken(
    preparation: Preparation, name: str, recordings: pa.Table, parts: NDArray[np.int8], args: argparse.Namespace
) -> None:
    """Write train, dev and test, and ``<split>_wsj``: every segment with its own word and others.

    The words of test are told apart by whether training has them (the groups ``iv`` and ``oov``).

    Parameters
    ----------
    preparation : takes them, and what is left out
    name : of the corpus
    recordings : the columns :data:`~kwskit.corpora.transcribed.TRANSCRIBED`
    parts : (recordings,) the part of each, a place in ``PARTS``
    args : of :func:`spoken_parser`

    Raises
    ------
    CorpusError
        When there are no alignments (saying how to make them), or a part has no segment.
    """
    findings = preparation.findings
    alignments = find_alignments(args.alignments, (args.data, args.corpus))
    if alignments is None:
        raise alignment_missing(name, recordings.select(["utterance", "text"]), args.corpus, args.data)
    aligned = read_alignments(alignments, findings, args.jobs, args.least_score)
    split = pa.array([PARTS[part] for part in parts], pa.string())
    recordings = recordings.set_column(recordings.column_names.index("split"), "split", split)
    utterances = audio_lengths(recordings.select(list(UTTERANCES)), args.jobs, findings)
    limits = (args.min_seconds, args.max_seconds)
    table = readable(word_segments(aligned, utterances, findings, *limits, only_known=True), findings)

    own = {part: table.filter(pc.equal(table["split"], part)) for part in PARTS}
    own["train"] = frequent(without_test_words(own["train"]), args.least)
    lacks = [part for part in PARTS if not len(own[part])]
    if lacks:
        raise CorpusError(
            f"{name}: no word for {', '.join(lacks)}: one speaker in twenty is held back for dev and one for test, so "
            f"{len(recordings['speaker'].unique())} are too few, or no word of train is there {args.least} times"
        )
    train = preparation.manifest("train", own["train"])
    vocabulary = train["word"].unique().to_pylist()
    for part in ("dev", "test"):
        taken = preparation.manifest(part, some_rows(own[part], args.segments, args.seed))
        known = vocabulary if part == "test" else None
        drawn = draw_wsj_trials(preparation, part, taken, args.negatives, args.seed, known)
    preparation.evaluate(drawn)
    preparation.finish()
    for part in PARTS:
        seconds = pc.sum(pc.subtract(own[part]["stop"], own[part]["start"])).as_py()
        print(f"{part}: {len(own[part]['speaker'].unique()):,} speakers, {seconds / 3600:.2f} h of words")


def spoken_parser(recipe: Path, description: str | None) -> StageOne:
    """The command line of such a stage 1; a recipe adds ``--corpus``, and may add more."""
    parser = StageOne(recipe, description)
    parser.add_argument(
        "--alignments",
        type=Path,
        metavar="PATH",
        help="TextGrids, a .ctm, or CSVs of alignments (default: alignments/ in the folder of --corpus or --data; if "
        "there are none, stage 1 says how kwskit align makes them)",
    )
    parser.add_argument(
        "--least_score",
        type=float,
        default=LEAST,
        metavar="S",
        help="mean score of an utterance's alignment below which its text does not fit (default 0.02)",
    )
    parser.add_argument(
        "--least",
        type=int,
        default=2,
        metavar="N",
        help="number of occurrences that a word needs to be in the training (default %(default)s)",
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
