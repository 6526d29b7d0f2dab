"""When words are said, as a loop over the file's lines has it."""

import numpy as np
import pytest

from kwskit.data.records import RecordError
from kwskit.data.word_times import WordTimes
from tests.data.whole_corpora import random_speech, write_store, write_words

SPEECH = random_speech(12) | {"silent": []}


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return write_store(tmp_path_factory.mktemp("s") / "store", SPEECH)


def spoken(times, store):
    """{id: [(word, start, stop), ...]} of all utterances of the store."""
    found = {}
    for row, name in enumerate(store.utt_ids.to_pylist()):
        inside = slice(times.first[row], times.first[row + 1])
        words = [times.words[k] for k in times.word_ids[inside]]
        found[name] = list(zip(words, times.start[inside].tolist(), times.stop[inside].tolist(), strict=True))
    return found


def lines(speech):
    return [(name, word, start / 16000, stop / 16000) for name, words in speech.items() for word, start, stop in words]


def test_every_utterance_has_its_words_in_their_order(store, tmp_path):
    """Whatever the order of utterances is, and though lines of them stand between each other."""
    rows = lines(SPEECH)
    rng = np.random.default_rng(1)
    owner = np.array([row[0] for row in rows])[rng.permutation(len(rows))]
    left = {name: iter([row for row in rows if row[0] == name]) for name in SPEECH}
    mixed = [next(left[name]) for name in owner]
    times = WordTimes.read(write_words(tmp_path / "words.tsv", mixed), store)
    assert spoken(times, store) == SPEECH
    assert times.words == sorted({word for words in SPEECH.values() for word, _, _ in words})
    assert times.word_ids.dtype == np.int32
    assert len(times.first) == len(store) + 1


def test_utterances_that_the_store_lacks_are_passed_over(store, tmp_path):
    others = [("gone", "zebra", 0.0, 900.0), ("u3_", "aardvark", 0.3, 0.2)]
    rows = lines(SPEECH)
    times = WordTimes.read(write_words(tmp_path / "words.tsv", [others[0], *rows, others[1]]), store)
    assert spoken(times, store) == SPEECH
    assert not {"zebra", "aardvark"} & set(times.words)


def test_the_vocabulary_is_sorted_however_words_turn_up(store, tmp_path):
    rows = [
        ("u0", word, k / 20, (k + 1) / 20) for k, word in enumerate(["river", "a", "the", "lead", "a", "zoo", "be"])
    ]
    times = WordTimes.read(write_words(tmp_path / "words.tsv", rows), store)
    assert times.words == ["a", "be", "lead", "river", "the", "zoo"]
    assert times.word_ids.tolist() == [3, 0, 4, 2, 0, 5, 1]


def test_no_words_at_all(store, tmp_path):
    times = WordTimes.read(write_words(tmp_path / "words.tsv", []), store)
    assert times.words == []
    assert not times.first.any()
    assert spoken(times, store) == {name: [] for name in SPEECH}


def test_rounding_may_cost_a_sample(store, tmp_path):
    length = int(store.num_samples[0])
    times = WordTimes.read(write_words(tmp_path / "w.tsv", [("u0", "a", 0.1, (length + 1) / 16000)]), store)
    assert times.stop.tolist() == [length + 1]
    with pytest.raises(RecordError, match=r"u0: 'a' from 0\.1 to"):
        WordTimes.read(write_words(tmp_path / "w.tsv", [("u0", "a", 0.1, (length + 2) / 16000)]), store)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([("u0", "a", 0.0, 0.1), ("u1", "the", 0.3, 0.2)], "u1: 'the' from 0.3 to 0.2 s"),
        ([("u0", "to", 0.1, 0.1)], "u0: 'to' from 0.1 to 0.1 s"),
        ([("u0", "to", -0.1, 0.1)], "u0: 'to' from -0.1 to 0.1 s"),
        ([("u0", "to", float("nan"), 0.1)], "u0: 'to' from nan to 0.1 s"),
        ([("u0", "to", 0.0, float("inf"))], "u0: 'to' from 0 to inf s"),
        ([("u0", "to", 0.0, 99.0)], "u0: 'to' from 0 to 99 s"),
        ([("u0", "a", 0.2, 0.3), ("u0", "to", 0.1, 0.2)], "u0: 'to' from 0.1 to 0.2 s"),
        ([("u0", "a", 0.2, 0.3), ("u1", "a", 0.0, 0.1), ("u0", "to", 0.1, 0.2)], "u0: 'to' from 0.1 to 0.2 s"),
    ],
)
@pytest.mark.filterwarnings("error")
def test_words_that_cannot_be_are_named(store, tmp_path, rows, message):
    path = write_words(tmp_path / "words.tsv", rows)
    with pytest.raises(
        RecordError, match=f"words.tsv: {message}: words are stretches of their utterance, in the order"
    ):
        WordTimes.read(path, store)


def test_another_file_is_refused(store, tmp_path):
    (tmp_path / "words.tsv").write_text("#kwskit manifest v1\nutt_id\tword\tstart\tstop\n")
    with pytest.raises(RecordError, match="expected '#kwskit words v1"):
        WordTimes.read(tmp_path / "words.tsv", store)
