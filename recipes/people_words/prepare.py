#!/usr/bin/env python3
"""Stage 1 of recipes/people_words: words and phrases of people's open corpora, for the papers' tables.

train       words and phrases of two to four words, each text at least twice
dev, test   words that training has never heard, by people it has never heard; test_noisy is test in rooms and noise
test_iv     words of training by the people of test, as often as they say them
test_phrases  texts of one to four words that training has not heard, by the people of test

Who is held back from all packaged models stays held back. No word of dev and test is in a phrase of train.
"""

import argparse
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from kwskit.corpora.alignments.read import read_alignments
from kwskit.corpora.corruption import Corruption, corrupted_copy
from kwskit.corpora.findings import Findings
from kwskit.corpora.held_back import part_of, without_test_words
from kwskit.corpora.open_vocabulary import PARTS, hold_out_words, some_rows
from kwskit.corpora.people import CORPORA, in_parts, named, recordings_and_alignments
from kwskit.corpora.preparation import Preparation
from kwskit.corpora.segments import audio_lengths, phrase_segments, word_segments
from kwskit.corpora.stage_one import StageOne, settings
from kwskit.corpora.text_vocabulary import frequent, readable
from kwskit.corpora.typed_trials import draw_easy_and_hard_trials, draw_wsj_trials
from kwskit.errors import CorpusError
from kwskit.evaluation.stream_trials import PAUSE, PROTOCOL, stream_trials

RECIPE = Path(__file__).parent
WORD, PHRASE = (0.2, 2.5), (0.5, 2.0)  # s of a word; of a phrase, LibriPhrase's
LENGTHS = (2, 4)  # words of a phrase
MORE = 3  # times that one in twenty of those who would train is for test; once for dev
STREAMS = 300


def main(argv: list[str] | None = None) -> None:
    """Parse, cut, draw, write."""
    _parser().run(prepare, argv)


def prepare(args: argparse.Namespace) -> None:
    """Make all files of stage 1, or say what is missing."""
    people = {name: path.absolute() for name in CORPORA if (path := getattr(args, name)) is not None}
    if not people:
        raise CorpusError(f"name at least one corpus of people: {', '.join(f'--{name} DIR' for name in CORPORA)}")
    preparation = Preparation(args.data, settings(args), args.strict)
    if preparation.is_done():
        return
    places = args.data / "alignments"
    tables = [segments_of(name, path, places / name, preparation.findings, args.jobs) for name, path in people.items()]
    words, phrases = (pa.concat_tables(own) for own in zip(*tables, strict=True))
    speech = _places(words["split"])
    used = hold_out_words(words["word"], speech, {"dev": args.dev_words, "test": args.test_words}, args.seed)
    dev, test = (words.filter(pa.array(used == PARTS.index(part))) for part in ("dev", "test"))
    held = {*dev["word"].to_pylist(), *test["word"].to_pylist()}
    train = [words.filter(pa.array(used == PARTS.index("train"))), _without(held, _of("train", phrases))]
    chosen = frequent(without_test_words(pa.concat_tables(train)), args.least)
    train = preparation.manifest("train", chosen)
    known = train["word"].unique()
    dev = preparation.manifest("dev", dev)
    draw_wsj_trials(preparation, "dev", dev, args.negatives, args.seed)
    corruption = Corruption(args.seed, args.musan, args.rirs)
    noisy = corrupted_copy(test, corruption, args.data, preparation.findings, args.jobs)
    for name, table, facts in (("test", test, {}), ("test_noisy", noisy, corruption.facts)):
        table = preparation.manifest(name, table)
        preparation.evaluate(draw_wsj_trials(preparation, name, table, args.negatives, args.seed, facts=facts))
    new = pa.concat_tables([_of("test", words), _of("test", phrases)])
    new = some_rows(new.filter(pc.invert(pc.is_in(new["word"], known))), args.phrases, args.seed)
    new = preparation.manifest("test_phrases", new)
    preparation.evaluate(*draw_easy_and_hard_trials(preparation, "test_phrases", new, args.seed))
    heard = _of("test", words)
    again = preparation.manifest("test_iv", heard.filter(pc.is_in(heard["word"], known)))
    preparation.evaluate("segments_test_iv", "segments_test")
    for name, table in (("test_iv", again), ("test", test)):
        draw_streams(preparation, name, table, args.seed)
    preparation.finish()


def segments_of(name: str, corpus: Path, alignments: Path, findings: Findings, jobs: int) -> tuple[pa.Table, pa.Table]:
    """Words and phrases of a corpus, of ``split`` train, dev and test by who says them."""
    recordings, found = recordings_and_alignments(name, corpus, alignments, findings, jobs)
    who = recordings["speaker"].to_pylist()
    of = {speaker: PARTS.index(split_of(name, speaker)) for speaker in set(who)}
    recordings = audio_lengths(
        in_parts(recordings, np.array([of[speaker] for speaker in who], np.int8)), jobs, findings
    )
    aligned = read_alignments(found, findings, jobs)
    words = word_segments(aligned, recordings, findings, *WORD, only_known=True)
    phrases = phrase_segments(aligned, recordings, Findings(), LENGTHS, *PHRASE, only_known=True)
    return readable(named(words, name), findings), readable(named(phrases, name), Findings())


def split_of(corpus: str, who: str) -> str:
    """The part of a speaker: that of packaged models, but some of those who would train are for dev and test."""
    part = part_of(corpus, who)
    more = [part_of(f"people_words {k} {corpus}", who) for k in range(MORE)]
    return part if part != "train" else "test" if "test" in more else more[0]


def draw_streams(preparation: Preparation, split: str, table: pa.Table, seed: int) -> None:
    """Take ``streams_<split>``, words of one voice in a row, where there are enough of them."""
    utt_ids, words, speakers = (table[name].to_pylist() for name in ("utt_id", "word", "speaker"))
    try:
        trials = stream_trials(utt_ids, words, speakers, STREAMS, seed=seed)
    except ValueError as error:
        print(f"no streams_{split}: {error}")
        return
    preparation.trials(f"streams_{split}", trials, {"protocol": PROTOCOL, "seed": seed, "pause": PAUSE})


def _of(part: str, table: pa.Table) -> pa.Table:
    return table.filter(pc.equal(table["split"], part))


def _places(splits: pa.ChunkedArray) -> np.ndarray:
    return pc.index_in(splits, pa.array(PARTS)).to_numpy().astype(np.int8)


def _without(held: set[str], table: pa.Table) -> pa.Table:
    """The phrases in which no word is of ``held``."""
    texts = table["word"].unique()
    free = pa.array([text for text in texts.to_pylist() if held.isdisjoint(text.split())], texts.type)
    return table.filter(pc.is_in(table["word"], free))


def _parser() -> StageOne:
    parser = StageOne(RECIPE, __doc__)
    parser.add_argument(
        "--librispeech", type=Path, metavar="DIR", help="folder of mini LibriSpeech (CC BY 4.0; default: none)"
    )
    parser.add_argument("--common_voice", type=Path, metavar="DIR", help="folder of Common Voice (CC0; default: none)")
    parser.add_argument(
        "--speechocean762", type=Path, metavar="DIR", help="folder of speechocean762 (free; default: none)"
    )
    parser.add_argument("--musan", type=Path, metavar="DIR", help="folder of MUSAN (default: noise is synthetic)")
    parser.add_argument("--rirs", type=Path, metavar="DIR", help="folder of RIRS_NOISES (default: rooms are simulated)")
    parser.add_argument(
        "--dev_words", type=int, default=300, metavar="N", help="number of words for dev (default %(default)s)"
    )
    parser.add_argument(
        "--test_words", type=int, default=1500, metavar="N", help="number of words for test (default %(default)s)"
    )
    parser.add_argument(
        "--phrases",
        type=int,
        default=6000,
        metavar="N",
        help="number of segments of test_phrases (default %(default)s)",
    )
    parser.add_argument(
        "--least",
        type=int,
        default=2,
        metavar="N",
        help="number of occurrences that a text needs to be in the training (default %(default)s)",
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
