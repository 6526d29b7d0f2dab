#!/usr/bin/env python3
"""Stage 1 of recipes/finetune: which of one's recordings are trained on, and which are scored before and after.

train has the recordings of --words, and words of --replay; test has the held-out speakers, or those of --dev; dev has
words of --replay that are not trained on (without --replay it is the test). Nothing is chosen by dev: it shows what
becomes of other words, and is the background that thresholds are set by.
"""

import argparse
import hashlib
import os
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from kwskit.corpora.own_recordings import BY_FOLDER, held_out, own_recordings
from kwskit.corpora.preparation import Preparation
from kwskit.corpora.stage_one import settings
from kwskit.corpora.text_vocabulary import frequent, readable
from kwskit.data.word_folder import words_from_folder
from kwskit.errors import CorpusError
from kwskit.evaluation.closed_set_trials import closed_set_trials
from kwskit.evaluation.trials import WSJ, wsj_trials
from kwskit.spotting.cohort import cohort_words

BATCH = 64  # words that the trainer puts into a batch where there are so many
KEPT_WORDS = 50  # of --replay, not trained on
RECORDINGS = 10  # of a word of --replay, at most
OTHERS = 50  # typed words that nobody says
CLOSED = 100  # words that are all tried with every recording, at most


def main(argv: list[str] | None = None) -> None:
    """Parse and prepare; what a person can mend ends the process with the reason."""
    args = _parser().parse_args(argv)
    try:
        prepare(args)
    except (OSError, ValueError) as error:
        sys.exit(f"prepare: {error}")


def prepare(args: argparse.Namespace) -> None:
    """Write manifests and trials."""
    on_bad = "stop" if args.strict else "skip"
    preparation = Preparation(args.data, settings(args), args.strict)
    own = readable(own_recordings(args.words, args.speaker, preparation.findings, on_bad), preparation.findings)
    other = own.slice(0, 0)
    if args.dev is not None:
        other = readable(own_recordings(args.dev, args.speaker, preparation.findings, on_bad), preparation.findings)
        message = f"{args.dev} is the test"
    else:
        test, message = held_out(own, args.split_speakers, args.seed)
        own, other = own.filter(pa.array(~test)), own.filter(pa.array(test))
    replay = _replay(args, sorted({*own["word"].to_pylist(), *other["word"].to_pylist()}), on_bad)
    preparation.settings["recordings"] = _digest(own, other, *replay.values())
    if preparation.is_done():
        return
    print(f"prepare: {message}")
    if len(pc.unique(own["word"])) < 2 and not replay:
        raise CorpusError(
            f"{args.words} has one word, and a word is learnt by telling it from others: give some with --replay"
        )
    preparation.manifest("train", pa.concat_tables([own, *([replay["train"]] if replay else [])]))
    if len(other):
        _take_test(preparation, other, args.seed)
    dev = preparation.manifest("dev", replay["dev"] if replay else (other if len(other) else own))
    utt_ids, words = dev["utt_id"].to_pylist(), dev["word"].to_pylist()
    several = len(set(words)) > 1
    trials = wsj_trials(utt_ids, words, OTHERS, args.seed) if several else open_trials(utt_ids, words)
    preparation.trials("dev_wsj", trials, {"protocol": "kept_words" if replay else WSJ, "seed": args.seed})
    if replay and len(other):
        preparation.evaluate("dev_wsj")
    preparation.finish()


def open_trials(utt_ids: list[str], words: list[str]) -> pa.Table:
    """Every recording with its own word and with ``OTHERS`` English words that none of them says."""
    typed = cohort_words(OTHERS, set(words))
    columns = [[word, *typed] for word in words]
    return pa.table(
        {
            "enrol_text": [text for column in columns for text in column],
            "utt_id": np.repeat(np.asarray(utt_ids, dtype=object), OTHERS + 1).tolist(),
            "target": pa.array(np.tile([1] + OTHERS * [0], len(words)), pa.int8()),
        }
    )


def _take_test(preparation: Preparation, table: pa.Table, seed: int) -> None:
    """The manifest ``test``, and the recordings against each other's words and against words that nobody says."""
    table = preparation.manifest("test", table)
    utt_ids, words = table["utt_id"].to_pylist(), table["word"].to_pylist()
    typed = sorted(set(words))
    if 1 < len(typed) <= CLOSED:
        preparation.trials("test_words", closed_set_trials(utt_ids, words, typed), {"protocol": "own_words"})
    elif len(typed) > CLOSED:
        preparation.trials("test_words", wsj_trials(utt_ids, words, OTHERS, seed), {"protocol": "own_words"})
    preparation.trials("test_open", open_trials(utt_ids, words), {"protocol": "own_or_other_words"})
    preparation.evaluate(*(["test_words"] if len(typed) > 1 else []), "test_open")


def _replay(args: argparse.Namespace, own: list[str], on_bad: str) -> dict[str, pa.Table]:
    """Other words to be mixed in (``train``) and those that show what became of them (``dev``); empty without --replay.

    As many are mixed in as the model is taught, but enough for a batch.
    """
    if args.replay is None:
        return {}
    table = words_from_folder(args.replay, on_bad)
    vocabulary = sorted(set(table["word"].to_pylist()) - set(own))
    drawn = np.random.default_rng(args.seed).permutation(len(vocabulary))
    count = min(max(len(own), BATCH - len(own)), len(vocabulary) - 2)
    if count < 1:
        raise CorpusError(f"--replay {args.replay}: {len(vocabulary)} words that are not your own; it takes at least 3")
    found = {}
    for split, places in (("train", drawn[:count]), ("dev", drawn[count : count + KEPT_WORDS])):
        chosen = pa.array([vocabulary[place] for place in places], pa.string())
        some = frequent(table.filter(pc.is_in(table["word"], chosen)), 1, RECORDINGS, args.seed)
        names = pc.binary_join_element_wise("replay/", some["utt_id"], "")
        found[split] = some.set_column(some.column_names.index("utt_id"), "utt_id", names)
    return found


def _digest(*tables: pa.Table) -> str:
    """Of the recordings: their names, words, speakers and times."""
    rows = repr([table.select(["path", "word", "speaker", "start", "stop"]).to_pydict() for table in tables])
    return hashlib.sha256(rows.encode()).hexdigest()[:16]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of manifests and trials")
    parser.add_argument("--size", help="size that the runner hands over; there is one")
    parser.add_argument(
        "--jobs",
        type=int,
        default=os.cpu_count() or 1,
        help="number that the runner hands over; one process does it all",
    )
    parser.add_argument("--executor", help="cluster that the runner hands over; stage 2 is what it works on")
    parser.add_argument("--strict", action="store_true", help="stop at what cannot be used, instead of leaving it out")
    parser.add_argument("--seed", type=int, default=1, help="seed of every random draw (default %(default)s)")
    parser.add_argument(
        "--words",
        type=Path,
        required=True,
        metavar="DIR",
        help='recordings to train on: a folder a word (hey_nova/ is "hey nova"), or a TSV with word and path',
    )
    test = parser.add_mutually_exclusive_group()
    test.add_argument(
        "--split_speakers",
        type=int,
        metavar="N",
        help="number of speakers of --words that are kept for the test; 0 trains on all, without a test (default: "
        "a fifth of them)",
    )
    test.add_argument(
        "--dev",
        type=Path,
        metavar="DIR",
        help="recordings that are the test instead: like those of --words, and not trained on",
    )
    parser.add_argument(
        "--speaker",
        default=BY_FOLDER,
        metavar="HOW",
        help="place of the speaker's name: folder, as in word/SPEAKER/file.wav, or a regular expression whose "
        "first group is the speaker in the file's name, such as '_([a-z]+)_' for 7_jackson_32.wav (default "
        "folder)",
    )
    parser.add_argument(
        "--replay",
        type=Path,
        metavar="FILE",
        help="words to be mixed in, so that they are kept: a manifest, a TSV or a folder a word",
    )
    return parser


if __name__ == "__main__":
    main()
