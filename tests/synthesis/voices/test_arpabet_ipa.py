# ruff: noqa: RUF001 - phonetic letters look like others
import pytest

from kwskit.synthesis.voices.kokoro import VOCABULARY, arpabet_ipa
from kwskit.text.pronouncing_dictionary import cmudict


@pytest.mark.parametrize(
    ("phonemes", "letters"),
    [
        ("B AH0 N AE1 N AH0", "bənˈænə"),
        ("B AH1 T ER0", "bˈʌtəɹ"),
        ("B ER1 D", "bˈɜɹd"),
        ("CH OY1 S", "ʧˈYs"),
        ("D AW1 N T AW2 N", "dˈWntˌWn"),
        ("SH OW1 T AY2 M", "ʃˈOtˌIm"),
        ("M EH1 ZH ER0", "mˈɛʒəɹ"),
        ("G EY1 M IH0 NG", "ɡˈAmɪŋ"),
    ],
)
def test_letters(phonemes, letters):
    assert arpabet_ipa(phonemes.split()) == letters


def test_kokoro_knows_every_letter_of_the_dictionary():
    words = ["the", "measure", "joy", "thing", "hood", "shower", "yellow", "vision", "church", "father", "about", "zoo"]
    said = [phonemes for word in words for phonemes in cmudict().lookup(word)]
    used = {letter for phonemes in said for letter in arpabet_ipa(phonemes)}
    assert used <= set(VOCABULARY)
    assert len(used) > 30


@pytest.mark.parametrize("phoneme", ["QQ", "B1", "AH3", "|", ""])
def test_what_is_no_phoneme(phoneme):
    with pytest.raises(ValueError, match="is no phoneme of ARPAbet"):
        arpabet_ipa([phoneme])
