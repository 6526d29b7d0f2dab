# ruff: noqa: RUF001
"""Pronunciations that people write, in ARPAbet and IPA."""

import re
from itertools import pairwise

import pytest

from kwskit.text.pronouncing_dictionary import cmudict
from kwskit.text.pronunciation import PhonemeError, read_pronunciation

# As Wikipedia's "ARPABET" has them.
TABLE = """AA ɑ AE æ AH ʌ AO ɔ AW aʊ AY aɪ EH ɛ ER ɝ EY eɪ IH ɪ IY i OW oʊ OY ɔɪ UH ʊ UW u B b CH tʃ D d DH ð F f G ɡ
HH h JH dʒ K k L l M m N n NG ŋ P p R ɹ S s SH ʃ T t TH θ V v W w Y j Z z ZH ʒ"""
IPA = dict(re.findall(r"(\S+) (\S+)", TABLE))


@pytest.mark.parametrize("apart", ["", "."])
def test_every_word_of_the_dictionary_comes_back_from_ipa(apart):
    assert len(IPA) == 39
    words = [word for word in cmudict().words()[::150] if word.isalpha()]
    for word in words:
        phonemes = cmudict().lookup(word)[0]
        if not any(phoneme.endswith("1") for phoneme in phonemes):
            continue
        marks = {"1": "ˈ", "2": "ˌ"}
        written = apart.join(marks.get(phoneme[-1], "") + IPA[phoneme.rstrip("012")] for phoneme in phonemes)
        # A dot alone tells "court.ship" from one with a CH.
        if apart or {("T", "SH"), ("D", "ZH")}.isdisjoint(pairwise(phonemes)):
            assert read_pronunciation(f"/{written}/") == phonemes, (word, written)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("HH AH0 L OW1", "HH AH0 L OW1"),
        (" hh  ah l ow\t", "HH AH L OW"),
        ("HH EY1 | N OW1 V AH0", "HH EY1 | N OW1 V AH0"),
        ("HH EY1|N OW1", "HH EY1 | N OW1"),
        ("həˈloʊ", "HH AH0 L OW1"),
        ("[həˈləʊ]", "HH AH0 L OW1"),
        ("/kæt/", "K AE T"),
        ("/kat/", "K AA T"),
        ("h ɑ d uː k ɛ n", "HH AA D UW K EH N"),
        ("heɪ ˈnoʊvə", "HH EY0 | N OW1 V AH0"),
        ("heɪ|noʊvə", "HH EY | N OW V AH0"),
        ("ˌɪntɚˈnæʃənl̩", "IH2 N T ER0 N AE1 SH AH0 N AH0 L"),
        ("t͡ʃɹ̩n", "CH ER N"),
        ("kɔrt.ʃɪp", "K AO R T SH IH P"),
        ("/kaˈwasaki/", "K AA0 W AA1 S AA0 K IY0"),
        ("/haw/", "HH AW"),
        ("bɜːθdeɪ", "B ER TH D EY"),
        ("ˈbʌtn̩", "B AH1 T AH0 N"),
        ("/b'ɛd/", "B EH1 D"),
    ],
)
def test_what_people_write(written, expected):
    assert " ".join(read_pronunciation(written)) == expected


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("", "no phoneme"),
        ("//", "no phoneme"),
        ("|", "no phoneme"),
        ("| HH EY", "stands between two words"),
        ("HH | | EY", "stands between two words"),
        ("HH UU", "'UU', the 2nd of 2 phonemes.*near it: UW or UH"),
        ("HH AX D", "'AX', the 2nd of 3 phonemes.*near it: AH0"),
        ("HH IY7", "stress of a vowel is 0, 1 or 2, as in IY1"),
        ("K1 AE", "a consonant has no stress: K$"),
        ("kat", "IPA slashes around them"),
        ("haɾukaɾi", "'ɾ' after 'ha' is no sign of an English phoneme; near it: t, d or ɹ"),
        ("/yes/", "'y' at the beginning.* j for the Y"),
        ("bõ", "'õ' after 'b'.*near it: o"),
        ("日本", "'日'"),
    ],
)
def test_what_cannot_be_read(written, message):
    with pytest.raises(PhonemeError, match=message):
        read_pronunciation(written)
