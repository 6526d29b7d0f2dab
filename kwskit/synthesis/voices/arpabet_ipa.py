# ruff: noqa: RUF001 - phonetic letters look like others
"""CMUdict's phonemes in the alphabet that Kokoro was trained on: that of misaki, IPA with one letter a diphthong."""

from collections.abc import Iterable

# fmt: off
_VOWELS = {
    "AA": "ɑ", "AE": "æ", "AH": "ʌ", "AO": "ɔ", "AW": "W", "AY": "I", "EH": "ɛ", "ER": "ɜɹ", "EY": "A", "IH": "ɪ",
    "IY": "i", "OW": "O", "OY": "Y", "UH": "ʊ", "UW": "u",
}
_CONSONANTS = {
    "B": "b", "CH": "ʧ", "D": "d", "DH": "ð", "F": "f", "G": "ɡ", "HH": "h", "JH": "ʤ", "K": "k", "L": "l", "M": "m",
    "N": "n", "NG": "ŋ", "P": "p", "R": "ɹ", "S": "s", "SH": "ʃ", "T": "t", "TH": "θ", "V": "v", "W": "w", "Y": "j",
    "Z": "z", "ZH": "ʒ",
}
# fmt: on
_UNSTRESSED = {"AH": "ə", "ER": "əɹ"}
_STRESS = {"1": "ˈ", "2": "ˌ"}


def arpabet_ipa(phonemes: Iterable[str]) -> str:
    """``B AH0 N AE1 N AH0`` -> ``bənˈænə``.

    Raises
    ------
    ValueError
        For what is no phoneme of ARPAbet.
    """
    letters = []
    for phoneme in phonemes:
        name = phoneme.rstrip("012")
        stress = phoneme[len(name) :]
        if name in _CONSONANTS and not stress:
            letters.append(_CONSONANTS[name])
        elif name in _VOWELS:
            vowel = _UNSTRESSED.get(name, _VOWELS[name]) if stress == "0" else _VOWELS[name]
            letters.append(_STRESS.get(stress, "") + vowel)
        else:
            raise ValueError(f"'{phoneme}' is no phoneme of ARPAbet, such as AH0 or ZH")
    return "".join(letters)
