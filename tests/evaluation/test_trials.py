import itertools

import numpy as np
import pyarrow as pa
import pytest

from kwskit.data.records import TRIALS
from kwskit.evaluation.trials import (
    LIBRIPHRASE_EASY,
    LIBRIPHRASE_HARD,
    PROTOCOLS,
    libriphrase_trials,
    phoneme_distances,
    without_utterances,
    wsj_trials,
)

WORDS = [f"word{chr(97 + i % 80 // 9)}{chr(97 + i % 9)}" for i in range(400)]
UTTERANCES = [f"u{i:03d}" for i in range(400)]
SPOKEN = dict(zip(UTTERANCES, WORDS, strict=True))

PRONUNCIATIONS = {
    "cat": [("K", "AE", "T")],
    "bat": [("B", "AE", "T")],
    "cut": [("K", "AH", "T")],
    "cats": [("K", "AE", "T", "S")],
    "kat": [("K", "AE", "T")],  # a homophone of cat
    "the": [("DH", "AH"), ("DH", "IY")],
    "thee": [("DH", "IY")],
    "elephant": [("EH", "L", "AH", "F", "AH", "N", "T")],
}


def by_utterance(table):
    found = {}
    for trial in table.to_pylist():
        found.setdefault(trial["utt_id"], []).append((trial["enrol_text"], trial["target"]))
    return found


def edits(a, b):
    """Levenshtein distance by its recursion."""
    if not a or not b:
        return len(a) + len(b)
    return min(edits(a[1:], b) + 1, edits(a, b[1:]) + 1, edits(a[1:], b[1:]) + (a[0] != b[0]))


def test_wsj_has_each_own_word_and_distinct_others():
    trials = by_utterance(wsj_trials(UTTERANCES, WORDS, negatives=50, seed=1))
    assert list(trials) == UTTERANCES
    for utterance, tried in trials.items():
        assert tried[0] == (SPOKEN[utterance], 1)
        others = [word for word, target in tried[1:] if target == 0]
        assert len(others) == len(set(others)) == 50
        assert SPOKEN[utterance] not in others
        assert set(others) <= set(WORDS)


def test_wsj_draws_every_other_word_equally_often():
    words = [f"w{i % 11}" for i in range(3300)]
    table = wsj_trials([str(i) for i in range(3300)], words, negatives=4, seed=0)
    for own in ("w0", "w10"):
        tried = [w for u, t in by_utterance(table).items() if words[int(u)] == own for w, y in t if not y]
        counts = [tried.count(f"w{i}") for i in range(11) if f"w{i}" != own]
        # 300 utterances x 4 of 10: mean 120, standard deviation 8.5
        assert sum(counts) == 1200
        assert min(counts) > 85
        assert max(counts) < 155


def test_wsj_of_a_small_vocabulary_tries_all_others():
    trials = by_utterance(wsj_trials(["a1", "b1", "c1"], ["a", "b", "c"], negatives=50))
    assert {u: sorted(t) for u, t in trials.items()} == {
        f"{own}1": sorted([(w, int(w == own)) for w in "abc"]) for own in "abc"
    }


@pytest.mark.parametrize(
    "draw", [wsj_trials, lambda u, w, seed: libriphrase_trials(u, w, spelt(), seed)[LIBRIPHRASE_EASY]]
)
def test_the_seed_decides(draw):
    assert draw(UTTERANCES, WORDS, seed=5).equals(draw(UTTERANCES, WORDS, seed=5))
    assert not draw(UTTERANCES, WORDS, seed=5).equals(draw(UTTERANCES, WORDS, seed=6))


def spelt():
    return {word: [tuple(word)] for word in WORDS}


def test_distances_are_the_least_over_pronunciations():
    vocabulary = list(PRONUNCIATIONS)
    distances = phoneme_distances(vocabulary, PRONUNCIATIONS)
    for (i, a), (j, b) in itertools.product(enumerate(vocabulary), repeat=2):
        assert distances[i, j] == min(edits(p, q) for p in PRONUNCIATIONS[a] for q in PRONUNCIATIONS[b])


def test_hard_negatives_are_the_nearest_and_never_homophones():
    words = [word for word in PRONUNCIATIONS for _ in range(6)]
    utterances = [f"{word}{i}" for i, word in enumerate(words)]
    lists = libriphrase_trials(utterances, words, PRONUNCIATIONS, seed=2, nearest=3)
    assert set(lists) == {LIBRIPHRASE_EASY, LIBRIPHRASE_HARD} < set(PROTOCOLS)
    for table in lists.values():
        trials = by_utterance(table)
        assert list(trials) == utterances
        for utterance, word in zip(utterances, words, strict=True):
            (own, yes), (other, no) = trials[utterance]
            assert (own, yes, no) == (word, 1, 0)
            assert min(edits(p, q) for p in PRONUNCIATIONS[word] for q in PRONUNCIATIONS[other]) > 0
    hard = by_utterance(lists[LIBRIPHRASE_HARD])
    dealt = {w: sorted(hard[u][1][0] for u, v in zip(utterances, words, strict=True) if v == w) for w in PRONUNCIATIONS}
    assert dealt["cat"] == sorted(["bat", "cut", "cats"] * 2)  # each of the three nearest in turn
    assert dealt["kat"] == dealt["cat"]
    assert "the" not in dealt["thee"]
    easy = by_utterance(lists[LIBRIPHRASE_EASY])
    assert {easy[u][1][0] for u in utterances} == set(PRONUNCIATIONS)


def test_equally_near_words_are_drawn_by_the_seed():
    words = [a + b for a in "abcd" for b in "abcd"]  # each has six words at distance 1
    sounds = {word: [tuple(word)] for word in words}
    chosen = set()
    for seed in range(30):
        hard = libriphrase_trials(words, words, sounds, seed, nearest=1)[LIBRIPHRASE_HARD]
        other = by_utterance(hard)["ab"][1][0]
        assert edits(tuple("ab"), tuple(other)) == 1
        chosen.add(other)
    assert chosen == {"aa", "ac", "ad", "bb", "cb", "db"}


@pytest.mark.parametrize("count", [1, 3])
def test_more_negatives_an_utterance_stay_distinct(count):
    for table in libriphrase_trials(UTTERANCES, WORDS, spelt(), 0, negatives_per_utterance=count).values():
        for tried in by_utterance(table).values():
            assert len({word for word, _ in tried}) == 1 + count
            assert [target for _, target in tried] == [1] + [0] * count


@pytest.mark.parametrize(
    ("utterances", "words", "message"),
    [
        (["a"], ["x", "y"], "1 utterance ids but 2 words"),
        ([], [], "no utterance"),
        (["a", "b", "a"], ["x", "y", "z"], "utterance id 'a' occurs twice"),
        (["a", "b"], ["x", "x"], "all utterances are of the word 'x'"),
    ],
)
def test_lists_that_cannot_be_drawn_are_refused(utterances, words, message):
    with pytest.raises(ValueError, match=message):
        wsj_trials(utterances, words)
    with pytest.raises(ValueError, match=message):
        libriphrase_trials(utterances, words, PRONUNCIATIONS)


@pytest.mark.parametrize(
    ("words", "options", "message"),
    [
        (["cat", "dog"], {}, "no pronunciation of 'dog'"),
        (["cat", "kat"], {}, "'cat' has 0 words beside it that do not sound the same; 1 negatives are wanted"),
        (["cat", "bat"], {"negatives_per_utterance": 0}, "negatives_per_utterance must be at least 1"),
        (["cat", "bat"], {"nearest": 0}, "nearest must be at least 1"),
    ],
)
def test_libriphrase_lists_need_words_that_sound_different(words, options, message):
    with pytest.raises(ValueError, match=message):
        libriphrase_trials(words, words, PRONUNCIATIONS, **options)


def test_wsj_needs_negatives():
    with pytest.raises(ValueError, match="negatives must be at least 1"):
        wsj_trials(UTTERANCES, WORDS, negatives=0)


def test_lists_have_the_columns_of_the_record(tmp_path):
    from kwskit.data.records import TRIALS, read_records, write_records

    table = wsj_trials(np.array(UTTERANCES), np.array(WORDS))
    assert {field.name: field.type for field in table.schema} == TRIALS
    write_records(tmp_path / "t.tsv", "trials", table, {"protocol": "wsj", "seed": 0})
    assert read_records(tmp_path / "t.tsv", "trials")[0].equals(table.combine_chunks())


def test_trials_without_some_utterances():
    table = pa.table([["a", "a", "b"], ["u1", "u1 u2", "u3"], pa.array([1, 0, 1], pa.int8())], schema=pa.schema(TRIALS))
    assert without_utterances(table, {"u2"})["utt_id"].to_pylist() == ["u1", "u3"]
    assert without_utterances(table, {"u1", "u4"})["utt_id"].to_pylist() == ["u3"]
    assert without_utterances(table, ()) is table
