"""Words and speakers held out: nothing of dev and test is in train, whatever the order of the rows."""

import numpy as np
import pyarrow as pa
import pytest

from kwskit.corpora.open_vocabulary import NOWHERE, PARTS, hold_out_words, some_rows, speaker_parts
from kwskit.errors import CorpusError


@pytest.fixture
def table():
    rng = np.random.default_rng(0)
    words = [f"w{i}" for i in rng.integers(200, size=4000)]
    return pa.table({"word": words, "speaker": [f"s{i}" for i in rng.integers(40, size=4000)]})


def split(table, seed=3, **counts):
    parts = speaker_parts(table["speaker"], {"dev": 0.1, "test": 0.2}, seed)
    return hold_out_words(table["word"], parts, counts or {"dev": 10, "test": 20}, seed)


def test_no_word_and_no_speaker_is_in_two_parts(table):
    used = split(table)
    for column in ("word", "speaker"):
        sets = [set(np.array(table[column].to_pylist())[used == place]) for place in range(3)]
        assert sum(map(len, sets)) == len(set.union(*sets))
    words = np.array(table["word"].to_pylist())
    for part, count in {"dev": 10, "test": 20}.items():
        own = words[used == PARTS.index(part)]
        assert len(set(own)) == count
        assert min(np.unique(own, return_counts=True)[1]) >= 2
    assert (used == NOWHERE).any()


def test_the_draw_is_the_seed_s_and_not_the_order_s(table):
    order = np.random.default_rng(9).permutation(len(table))
    np.testing.assert_array_equal(split(table.take(pa.array(order))), split(table)[order])
    assert (split(table, seed=4) != split(table)).any()


def test_at_most_a_quarter_of_the_words_is_held_out(table):
    used = split(table, dev=500)
    words = np.array(table["word"].to_pylist())
    parts = speaker_parts(table["speaker"], {"dev": 0.1, "test": 0.2}, 3)
    often = sum(count >= 2 for count in np.unique(words[parts == 1], return_counts=True)[1])
    assert len(set(words[used == 1])) == often // 4


def test_too_little_is_told(table):
    with pytest.raises(CorpusError, match="2 speakers are too few: 2 would be held out for dev, test"):
        speaker_parts(pa.chunked_array([["a", "b", "b"]]), {"dev": 0.1, "test": 0.1}, 0)
    few = pa.chunked_array([["a", "b", "c"]])
    with pytest.raises(CorpusError, match="dev: 0 words with at least 2 segments of its speakers"):
        hold_out_words(few, np.array([0, 1, 1], np.int8), {"dev": 3}, 0)


def test_some_rows_keep_their_order(table):
    some = some_rows(table.append_column("row", pa.array(range(4000))), 100, 1)
    assert len(some) == 100
    assert some["row"].to_pylist() == sorted(some["row"].to_pylist())
    assert some_rows(table, 4000, 1) is table
