#!/usr/bin/env python3
"""Stage 1 of recipes/speech_commands: the recordings and three closed sets of trials.

test_phonmatchnet: ten words, every recording of theirs (or those of the test list) with each of the ten;
test_official: the ten words with the official test set, whose unknown words and silence are non-targets;
test_words: all words with the recordings of testing_list.txt.
With --train also train, the recordings of some words that no list names, and dev, those of validation_list.txt.
"""

import argparse
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from kwskit.corpora.closed_sets import ClosedSet, prepare_closed_sets
from kwskit.corpora.findings import Findings
from kwskit.corpora.keyword_recordings import KeywordRecording, keyword_manifest
from kwskit.corpora.preparation import Preparation
from kwskit.corpora.speech_commands import (
    COMMANDS,
    OFFICIAL,
    PHONMATCHNET,
    TESTING_LIST,
    VALIDATION_LIST,
    WORDS,
    SpeechCommands,
)
from kwskit.corpora.stage_one import StageOne
from kwskit.corpora.typed_trials import draw_wsj_trials
from kwskit.errors import CorpusError

RECIPE = Path(__file__).parent
SIZES: dict[str, int | None] = {"full": None, "tiny": 10}  # recordings of a word, at most
ALL, TESTING = "all", "testing"
NEGATIVES = 50  # other words that a recording of dev is tried with


def main(argv: list[str] | None = None) -> None:
    """Parse and prepare."""
    _parser().run(prepare, argv)


def prepare(args: argparse.Namespace) -> None:
    """Write manifest and trials."""
    facts = {name: vars(args)[name] for name in ("size", "recordings", "test_set", "corpus")}
    if args.train:
        facts |= {"train": args.train, "seed": args.seed}
    preparation = Preparation(args.data, facts, args.strict)
    if preparation.is_done():
        return
    corpus = SpeechCommands.find(args.corpus, args.test_set and Path(args.test_set))
    most = SIZES[args.size]
    recordings = corpus.recordings(preparation.findings)
    listed = corpus.testing_list(recordings, preparation.findings)
    if args.train:
        train_and_dev(preparation, corpus, recordings, args)
    ten = [one for one in (recordings.values() if args.recordings == ALL else listed) if one.word in COMMANDS]
    official, origin = corpus.official(), "test_set"
    if not official:
        print(
            f"prepare: no official test set in {args.corpus} or beside it: "
            f"test_official is {TESTING_LIST}, without silence"
        )
        official, origin = listed, TESTING_LIST
    words = sorted({one.word for one in listed})
    sets = [
        ClosedSet("phonmatchnet", PHONMATCHNET, _some(ten, most), COMMANDS, {"recordings": args.recordings}),
        ClosedSet("official", OFFICIAL, _some(official, most), COMMANDS, {"recordings": origin}),
        ClosedSet("words", WORDS, _some(listed, most), words, {"recordings": TESTING_LIST}),
    ]
    prepare_closed_sets(preparation, sets, args.jobs)
    preparation.finish()


def train_and_dev(
    preparation: Preparation, corpus: SpeechCommands, recordings: dict[str, KeywordRecording], args: argparse.Namespace
) -> None:
    """Take the words of ``--train``: their recordings to train on, and those for dev with their trials.

    Raises
    ------
    CorpusError
        When a word of ``--train`` is none of the corpus', or a part has no recording.
    """
    words = corpus.words if args.train == ALL else args.train.split(",")
    if unknown := set(words) - set(corpus.words):
        raise CorpusError(f"--train {','.join(sorted(unknown))}: the words are {', '.join(corpus.words)}")
    train, dev = corpus.training_parts(recordings, Findings())  # the test list's findings are told already
    for split, own in (("train", train), ("dev", dev)):
        own = _some((one for one in own if one.word in words), SIZES[args.size])
        if not own:
            raise CorpusError(f"--train {args.train}: there are no recordings for {split}: is {VALIDATION_LIST} there?")
        table = preparation.manifest(split, keyword_manifest(own, args.jobs, preparation.findings))
    draw_wsj_trials(preparation, "dev", table, NEGATIVES, args.seed)


def _some(recordings: Iterable[KeywordRecording], most: int | None) -> list[KeywordRecording]:
    """The first ``most`` of each word."""
    seen: Counter[str] = Counter()
    kept = []
    for one in recordings:
        seen[one.word] += 1
        if most is None or seen[one.word] <= most:
            kept.append(one)
    return kept


def _parser() -> StageOne:
    parser = StageOne(RECIPE, __doc__, sizes=list(SIZES))
    parser.add_argument(
        "--corpus",
        type=Path,
        metavar="DIR",
        help="folder of the corpus as published (default: the folder of --data, where stage 0 puts it)",
    )
    parser.add_argument(
        "--test_set",
        metavar="DIR",
        help="folder of the official test set, unpacked (default: in the corpus' folder or beside it)",
    )
    parser.add_argument(
        "--recordings",
        choices=(ALL, TESTING),
        default=ALL,
        metavar="WHICH",
        help="recordings of the ten words for test_phonmatchnet: all, as its training script measures, or testing, "
        "those of testing_list.txt (default all)",
    )
    parser.add_argument(
        "--train",
        metavar="WORDS",
        help="words to train on, with commas, or all: recordings that no list names, with dev by "
        "validation_list.txt (default: nothing is trained, --model is scored)",
    )
    return parser


if __name__ == "__main__":
    main()
