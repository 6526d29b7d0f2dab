"""ARPAbet phonemes as espeak-ng writes those of its English voices."""

from collections.abc import Sequence

from kwskit.text.pronunciation import WORD_BOUNDARY

# docs/phonemes.md of espeak-ng.
VOWELS = {
    **{"AA": "A:", "AE": "a", "AH": "V", "AO": "O:", "AW": "aU", "AY": "aI", "EH": "E", "ER": "3:", "EY": "eI"},
    **{"IH": "I", "IY": "i:", "OW": "oU", "OY": "OI", "UH": "U", "UW": "u:"},
}
WEAK = {"AH": "@", "ER": "3"}  # without stress
CONSONANTS = {
    **{"B": "b", "CH": "tS", "D": "d", "DH": "D", "F": "f", "G": "g", "HH": "h", "JH": "dZ", "K": "k", "L": "l"},
    **{"M": "m", "N": "n", "NG": "N", "P": "p", "R": "r", "S": "s", "SH": "S", "T": "t", "TH": "T", "V": "v"},
    **{"W": "w", "Y": "j", "Z": "z", "ZH": "Z"},
}
STRESS = {"0": "", "1": "'", "2": ","}


def espeak_phonemes(phonemes: Sequence[str]) -> str:
    """A text that has ``phonemes`` spoken, such as ``[[h|@|d|'u:|k|@|n]]``.

    Where no stress is told, a word's first vowel has it.

    Parameters
    ----------
    phonemes : ARPAbet, with stress or without, | between words

    Raises
    ------
    ValueError
        For a sign that is no phoneme of English, or a word without any.
    """
    words: list[list[str]] = [[]]
    for sign in phonemes:
        if sign == WORD_BOUNDARY:
            words.append([])
        else:
            words[-1].append(sign)
    if not all(words):
        raise ValueError(f"'{' '.join(phonemes)}' has a word without phonemes")
    return " ".join(f"[[{_word(word)}]]" for word in words)


def _word(phonemes: Sequence[str]) -> str:
    told = any(sign[-1] in STRESS for sign in phonemes)
    found, first = [], True
    for sign in phonemes:
        phoneme = sign.rstrip("012")
        if phoneme in VOWELS:
            stress = STRESS.get(sign[-1], "") if told else "'" * first
            found.append(stress + (VOWELS if stress else VOWELS | WEAK)[phoneme])
            first = False
        elif phoneme in CONSONANTS:
            found.append(CONSONANTS[phoneme])
        else:
            raise ValueError(f"'{sign}' is no phoneme of English, such as HH or EY1")
    return "|".join(found)
