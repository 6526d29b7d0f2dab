"""espeak-ng told how something is said, against what it says of the spelling."""

import re

import numpy as np
import pytest

from kwskit import registry
from kwskit.synthesis.voices.espeak_phonemes import CONSONANTS, VOWELS, espeak_phonemes
from kwskit.text.pronouncing_dictionary import cmudict
from kwskit.text.sign_examples import EXAMPLES


@pytest.fixture(scope="module")
def espeak():
    pytest.importorskip("espeakng_loader")
    return registry.build("voice", "espeak")


@pytest.mark.parametrize(
    ("phonemes", "expected"),
    [
        ("K AH0 M P Y UW1 T ER0", "[[k|@|m|p|j|'u:|t|3]]"),
        ("HH EY1 | N OW1 V AH0", "[[h|'eI]] [[n|'oU|v|@]]"),
        ("HH EY | N OW V AH", "[[h|'eI]] [[n|'oU|v|@]]"),  # a word's first vowel has the stress
        ("B ER1 D Z AY2", "[[b|'3:|d|z|,aI]]"),
        ("K AH P AH", "[[k|'V|p|@]]"),
    ],
)
def test_signs(phonemes, expected):
    assert espeak_phonemes(phonemes.split()) == expected


def test_what_is_no_phoneme_is_told():
    with pytest.raises(ValueError, match="'QQ' is no phoneme of English"):
        espeak_phonemes(["HH", "QQ"])
    for empty in ("", "HH AY |", "| HH AY", "|"):
        with pytest.raises(ValueError, match=f"'{re.escape(empty)}' has a word without phonemes"):
            espeak_phonemes(empty.split())


def test_every_phoneme_of_the_dictionary_is_known():
    known = VOWELS.keys() | CONSONANTS.keys()
    assert known == EXAMPLES.keys()
    assert len(known) == 39


def test_a_word_is_said_as_it_is_spelt(espeak):
    for word in ("window", "weather", "jumping", "father", "boy"):
        (said, *_) = cmudict().lookup(word)
        told, rate = espeak.speak_phonemes(said, "en-us")
        spelt, _ = espeak.synthesise(word, "en-us")
        other, _ = espeak.speak_phonemes([*said[:-1], "CH"], "en-us")
        assert told.dtype == np.float32
        assert abs(len(told) - len(spelt)) < 0.06 * rate
        assert len(other) != len(told) or np.abs(other - told).max() > 0.1


def test_no_sign_is_spelt_out(espeak):
    bare, rate = espeak.speak_phonemes(["AA1"], "en-us")
    for sign in CONSONANTS:
        samples, _ = espeak.speak_phonemes([sign, "AA1"], "en-us")
        assert len(samples) - len(bare) < 0.25 * rate, sign
    for sign in VOWELS:
        assert len(espeak.speak_phonemes([f"{sign}1"], "en-us")[0]) - len(bare) < 0.25 * rate, sign


def test_other_voices_cannot_be_told():
    pytest.importorskip("hibari")
    voice = registry.build("voice", "hibari")
    assert not voice.takes_phonemes
    with pytest.raises(NotImplementedError, match="Hibari cannot be told phonemes"):
        voice.speak_phonemes(["HH", "EY1"], "heart")
    voice.close()
