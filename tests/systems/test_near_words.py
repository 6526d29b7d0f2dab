import pytest
import torch
from rapidfuzz.distance import Levenshtein

from kwskit.systems.near_words import NearWords
from kwskit.text.phoneme_tokenizer import PhonemeTokenizer

# Two that sound the same, one with two pronunciations, one that cannot be read.
WORDS = ["night", "knight", "light", "lights", "either", "ether", "banana", "bandana", "seven", "eleven", "%%%"]


@pytest.fixture(scope="module")
def tokenizer():
    return PhonemeTokenizer(stress=True)


@pytest.fixture(scope="module")
def near(tokenizer):
    return NearWords(tokenizer, WORDS)


def said(tokenizer):
    return {word: [tuple(ids) for ids in tokenizer.encode(word)] for word in WORDS[:-1]}


def test_draws_are_the_three_nearest_sounds_of_other_words(tokenizer, near):
    torch.manual_seed(0)
    known = said(tokenizer)
    for number, word in enumerate(WORDS[:-1]):
        tokens, lens = near.draw(torch.full((200,), number))
        drawn = {tuple(row[:length].tolist()) for row, length in zip(tokens, lens, strict=True)}
        allowed = set()
        for own in known[word]:
            others = {sound for sounds in known.values() for sound in sounds} - set(known[word])
            distances = sorted(Levenshtein.distance(own, other) for other in others)
            allowed |= {other for other in others if Levenshtein.distance(own, other) <= distances[2]}
        assert drawn <= allowed
        assert len(drawn) >= 3
        assert not drawn & set(known[word])


def test_padding_is_0(near):
    tokens, lens = near.draw(torch.arange(10))
    assert tokens.shape == (10, int(lens.max()))
    for row, length in zip(tokens, lens, strict=True):
        assert (row[:length] > 0).all()
        assert not row[length:].any()


def test_phrases_and_what_cannot_be_read_have_none(near):
    assert near.has(torch.tensor([0, 10, 9, 11, 10**9])).tolist() == [True, False, True, False, False]
    tokens, lens = near.draw(torch.zeros(0, dtype=torch.long))
    assert (len(tokens), len(lens)) == (0, 0)


def test_a_vocabulary_that_cannot_be_read(tokenizer):
    with pytest.raises(ValueError, match="none of 1 words can be pronounced"):
        NearWords(tokenizer, ["%%%"])
