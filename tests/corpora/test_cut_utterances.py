"""Words and phrases cut out of utterances, against the utterances themselves."""

import pyarrow as pa
import pytest

from kwskit.corpora.cut_utterances import words_and_phrases
from kwskit.data.records import MANIFEST, WORDS

SAID = {"a_0": "one fine day the tiger came home", "b_3": "never", "c_1": "go " * 40 + "home"}


def tables():
    whole, words = [], []
    for k, (name, text) in enumerate(SAID.items()):
        own = text.split()
        whole.append((name, f"{name}.wav", 2.0 + k, 3.0 + k + len(own), text, f"s{k}", "train"))
        words += [(name, word, 0.1 + 0.5 * n, 0.4 + 0.5 * n) for n, word in enumerate(own)]
    columns = ([list(column) for column in zip(*rows, strict=True)] for rows in (whole, words))
    return [pa.table(c, schema=pa.schema(s)) for c, s in zip(columns, (MANIFEST, WORDS), strict=True)]


def test_every_word_and_some_phrases_lie_where_they_are_said():
    utterances, words = tables()
    found = words_and_phrases(utterances, words, 3).to_pylist()
    assert found == words_and_phrases(utterances, words, 3).to_pylist()
    assert len({row["utt_id"] for row in found}) == len(found)
    of = {row["path"]: row for row in utterances.to_pylist()}
    singles = [row["word"] for row in found if " " not in row["word"]]
    assert singles == [word for text in SAID.values() for word in text.split()]
    phrases = [row for row in found if " " in row["word"]]
    assert len(phrases) == pytest.approx(0.35 * 45, abs=8)
    for row in found:
        whole = of[row["path"]]
        assert (row["speaker"], row["split"]) == (whole["speaker"], "train")
        first = round((row["start"] - whole["start"] - 0.1) / 0.5)
        own = row["word"].split()
        assert whole["word"].split()[first : first + len(own)] == own
        assert row["stop"] - row["start"] == pytest.approx(0.5 * len(own) - 0.2)
        assert 1 <= len(own) <= 4


def test_what_is_too_short_or_too_long_is_left_out():
    utterances, words = tables()
    stop = [0.13, *words["stop"].to_pylist()[1:]]
    table = words.set_column(3, "stop", pa.array(stop))
    assert "one" not in words_and_phrases(utterances, table, 1)["word"].to_pylist()
    assert words_and_phrases(utterances[:0], words[:0], 1).num_rows == 0
