import hashlib
import itertools
from collections import Counter

import numpy as np
import pytest

from kwskit.synthesis.running_speech import is_dev, split_of
from kwskit.synthesis.sentences import Sentence, Sentences
from kwskit.synthesis.vocabulary import words_by_frequency
from kwskit.text.g2p import G2P

pytest.importorskip("symspellpy")


HELD_OUT = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
HELD_OUT += ["athena", "amelia", "computer", "android", "hey", "alexa"]


@pytest.fixture(scope="module")
def sentences():
    return Sentences(HELD_OUT)


def test_a_sentence_is_that_of_its_number(sentences):
    """Speech that was made by these numbers elsewhere stays usable."""
    first, second = (sentences.draw(11, number) for number in (0, 1))
    assert first.words == ("cigarette", "so")
    assert [" ".join(own) for own in first.said] == ["S IH2 G ER0 EH1 T", "S OW1"]
    assert first.marked() == ["cigarette", "so?"]
    assert second.words == ("infiltrators", "tenure")
    assert sentences.draw(11, 0) == first
    assert sentences.draw(12, 0) != first


def test_the_words_are_those_asked_for(sentences):
    drawn = [sentences.draw(5, number) for number in range(1500)]
    words = [word for one in drawn for word in one.words]
    assert not set(words) & set(HELD_OUT)
    g2p = G2P()
    assert all(said in g2p.pronunciations(word) for word, said in zip(drawn[0].words, drawn[0].said, strict=True))
    lengths = Counter(len(one.words) for one in drawn)
    assert set(lengths) == set(range(1, 8))
    assert lengths[1] / 1500 == pytest.approx(0.12, abs=0.03)
    pauses = [pause for one in drawn for pause in one.pauses]
    assert np.mean(pauses) == pytest.approx(0.12, abs=0.02)
    assert {one.final for one in drawn} == set(".?!,")
    assert all(0.75 <= one.rate <= 1.3 for one in drawn)
    assert len(set(words)) > 0.6 * len(words), "too few different words"
    frequent = set(words_by_frequency()[:300])
    assert 0.08 < np.mean([word in frequent for word in words]) < 0.2


def test_words_held_out_are_never_drawn(sentences):
    common = Counter(word for number in range(400) for word in sentences.draw(3, number).words).most_common(20)
    held_out = {word for word, _ in common}
    other = Sentences(held_out)
    assert held_out.isdisjoint(word for number in range(400) for word in other.draw(3, number).words)


@pytest.mark.parametrize("pauses", list(itertools.product([False, True], repeat=4))[::3])
def test_stretches_hold_no_pause(pauses):
    words = tuple("abcde")
    sentence = Sentence(words, tuple((word,) for word in words), pauses, ".", 1.0)
    text = " ".join(sentence.marked())
    expected = {
        (first, behind)
        for first, behind in itertools.combinations(range(6), 2)
        if 2 <= behind - first <= 4 and " ".join(words[first:behind]) in text
    }
    assert set(sentence.stretches(2, 4)) == expected
    assert len(sentence.stretches(2, 4)) == len(expected)


def test_one_word_in_twenty_is_for_development():
    words = words_by_frequency()[:20000]
    found = [word for word in words if is_dev(word)]
    assert len(found) / len(words) == pytest.approx(0.05, abs=0.005)
    for word in words[:200]:
        value = sum(byte << (8 * k) for k, byte in enumerate(hashlib.blake2b(word.encode(), digest_size=8).digest()))
        assert is_dev(word) == (value % 20 == 0)
    known, other = found[0], next(word for word in words if not is_dev(word))
    assert split_of([other]) == "train"
    assert split_of([other, known]) == split_of([known]) == "dev"
