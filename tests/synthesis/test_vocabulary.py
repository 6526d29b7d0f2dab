import itertools

import pytest

from kwskit.synthesis import vocabulary
from kwskit.synthesis.vocabulary import VocabularyError, candidates, pronunciations, split_words, words_by_frequency

pytest.importorskip("symspellpy")


@pytest.fixture(scope="module")
def splits():
    return split_words({"test": 300, "dev": 100, "train": 2000}, seed=7)


def test_sizes_and_seed(splits):
    assert {split: len(words) for split, words in splits.items()} == {"test": 300, "dev": 100, "train": 2000}
    assert split_words({"test": 300, "dev": 100, "train": 2000}, seed=7) == splits
    assert split_words({"test": 300, "dev": 100, "train": 2000}, seed=8) != splits


def test_no_word_or_sound_in_two_splits(splits):
    for one, other in itertools.combinations(splits, 2):
        assert not set(splits[one]) & set(splits[other])
        sounds, others = ({said for word in splits[s] for said in pronunciations(word)} for s in (one, other))
        assert not sounds & others


def test_no_homophones_within_a_split(splits):
    sounds = [said for word in splits["train"] for said in pronunciations(word)]
    assert len(sounds) == len(set(sounds))


def test_words_are_plain(splits):
    for word in itertools.chain(*splits.values()):
        assert word.isascii()
        assert word.isalpha()
        assert word.islower()
        assert all(3 <= len(said) <= 12 for said in pronunciations(word))


def test_half_is_rare(splits):
    rank = {word: place for place, word in enumerate(candidates())}
    rare = sum(rank[word] >= 12_000 for word in splits["train"])
    assert rare == 1000
    assert min(rank[word] for word in splits["train"]) < 100


def test_earlier_split_keeps_its_words(splits):
    larger = split_words({"test": 300, "dev": 100, "train": 5000}, seed=7)
    assert larger["test"] == splits["test"]
    assert set(splits["train"]) < set(larger["train"])


def test_pronunciations_have_no_stress():
    assert pronunciations("tomato") == (
        ("T", "AH", "M", "EY", "T", "OW"),
        ("T", "AH", "M", "AA", "T", "OW"),
    )
    assert pronunciations("kwskit") == ()


def test_homophones_leave_the_most_frequent():
    known = set(candidates())
    assert words_by_frequency()[:3] == ("the", "of", "and")
    assert "night" in known
    assert "knight" not in known


def test_too_few_words():
    with pytest.raises(VocabularyError, match="split 'b' wants 2 rare words, but only 1 are left of 8 candidates"):
        split_words({"a": 4, "b": 4}, 0, frequent_rank=5, words=list("abcdefgh"))


def test_missing_word_list(monkeypatch):
    def absent(package, name):
        raise FileNotFoundError(f"{name} of {package}")

    monkeypatch.setattr(vocabulary, "package_file", absent)
    with pytest.raises(VocabularyError, match=r"symspellpy: pip install 'kwskit\[voices\]'"):
        words_by_frequency.__wrapped__()
