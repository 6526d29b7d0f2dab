#!/usr/bin/env python3
"""Stage 1 of recipes/speech_commands: the recordings and three closed sets of trials.

test_phonmatchnet: ten words, every recording of theirs (or those of the test list) with each of the ten;
test_official: the ten words with the official test set, whose unknown words and silence are non-targets;
test_words: all words with the recordings of testing_list.txt.
"""

import argparse
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from kwskit.corpora.closed_sets import ClosedSet, prepare_closed_sets
from kwskit.corpora.keyword_recordings import KeywordRecording
from kwskit.corpora.preparation import Preparation
from kwskit.corpora.speech_commands import COMMANDS, OFFICIAL, PHONMATCHNET, TESTING_LIST, WORDS, SpeechCommands
from kwskit.corpora.stage_one import StageOne

RECIPE = Path(__file__).parent
SIZES: dict[str, int | None] = {"full": None, "tiny": 10}  # recordings of a word, at most
ALL, TESTING = "all", "testing"


def main(argv: list[str] | None = None) -> None:
    """Parse and prepare."""
    _parser().run(prepare, argv)


def prepare(args: argparse.Namespace) -> None:
    """Write manifest and trials."""
    told = {name: vars(args)[name] for name in ("size", "recordings", "test_set", "corpus")}
    preparation = Preparation(args.data, told, args.strict)
    if preparation.is_done():
        return
    corpus = SpeechCommands.find(args.corpus, args.test_set and Path(args.test_set))
    most = SIZES[args.size]
    recordings = corpus.recordings(preparation.findings)
    listed = corpus.testing_list(recordings, preparation.findings)
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
    parser = StageOne(RECIPE, __doc__, "the corpus as published", list(SIZES), seed=None)
    parser.add_argument("--test_set", help="the official test set, unpacked; default: found in or beside the corpus")
    parser.add_argument(
        "--recordings",
        choices=(ALL, TESTING),
        default=ALL,
        help="recordings of the ten words for test_phonmatchnet: all of them, as its training script measures, "
        f"or those of {TESTING_LIST}; default: %(default)s",
    )
    return parser


if __name__ == "__main__":
    main()
