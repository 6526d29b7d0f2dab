# ruff: noqa: RUF001 (signs that look like others are what this file is about)
"""Signs of the International Phonetic Alphabet as ARPAbet phonemes, for what people type."""

import re
import unicodedata

# English phonemes, each with the ways in which dictionaries write it; marks of length are left out before.
SIGNS = {
    **{"AA": "ɑ ɒ a", "AE": "æ", "AH": "ʌ ɐ ə", "AO": "ɔ", "AW": "aʊ au ɑʊ æʊ aw", "AY": "aɪ ai ɑɪ ʌɪ aj"},
    **{"EH": "ɛ e", "ER": "ɝ ɚ ɜ˞ ə˞ ɜ ɹ̩ r̩", "EY": "eɪ ei ɛɪ ej", "IH": "ɪ ɨ ᵻ", "IY": "i"},
    **{"OW": "oʊ əʊ ou ow o", "OY": "ɔɪ oɪ ɔi oi ɔj oj", "UH": "ʊ", "UW": "u ʉ"},
    **{"B": "b", "CH": "tʃ ʧ", "D": "d", "DH": "ð", "F": "f", "G": "ɡ g", "HH": "h ɦ", "JH": "dʒ ʤ", "K": "k"},
    **{"L": "l ɫ", "M": "m", "N": "n", "NG": "ŋ", "P": "p", "R": "ɹ r ɻ", "S": "s", "SH": "ʃ", "T": "t", "TH": "θ"},
    **{"V": "v", "W": "w", "Y": "j", "Z": "z", "ZH": "ʒ"},
    **{"AH L": "l̩ ɫ̩", "AH M": "m̩", "AH N": "n̩", "HH W": "ʍ", "N Y": "ɲ"},
}
# What is not English, with what is near it; nothing is taken for it silently.
NEAR = {
    **{"y": "u, or j for the Y of 'yes'", "ø": "ɝ or e", "œ": "ɝ or ʌ", "ɯ": "u", "ɤ": "ʌ or o", "ɘ": "ə", "ɵ": "ə"},
    **{"x": "k or h", "χ": "k or h", "ç": "ʃ or h", "ɣ": "ɡ", "ɾ": "t, d or ɹ", "ʁ": "ɹ", "ʀ": "ɹ", "ʔ": "t"},
    **{"c": "k or tʃ", "q": "k", "ɟ": "dʒ", "β": "b or v", "ɸ": "f", "ɬ": "l or ʃ", "ʎ": "l j", "ɕ": "ʃ", "ʑ": "ʒ"},
    **{"ʂ": "ʃ", "ʐ": "ʒ", "ʈ": "t", "ɖ": "d", "ɳ": "n", "ɱ": "m", "ɴ": "ŋ", "ʋ": "v or w", "ħ": "h", "ʕ": "ɑ"},
}
STRESS = {"ˈ": "1", "'": "1", "ˌ": "2"}
_SCHWAS = ("ə", "ɚ", "ə˞")  # unstressed by nature
_GAPS = " .‿"  # between sounds: t.ʃ is no tʃ
# Length, ties, and details that English does not tell words by.
_IGNORED = re.compile("[ːˑ:ʰʲʷ\u0303\u0306\u030a\u031a\u031f\u0320\u0325\u032a\u032f\u0330\u033a\u035c\u0361]")
_VOWELS = frozenset(["AA", "AE", "AH", "AO", "AW", "AY", "EH", "ER", "EY", "IH", "IY", "OW", "OY", "UH", "UW"])
_OF_SIGN = {sign: phonemes.split() for phonemes, signs in SIGNS.items() for sign in signs.split()}
_VOWEL_SIGNS = "".join(
    sorted({sign[0] for sign, said in _OF_SIGN.items() if said[0] in _VOWELS and sign[0] not in "lɫmnɹr"})
)
# The longest sign; a j or w before a vowel begins a syllable, and makes no diphthong.
_SIGN = re.compile(
    "|".join(
        f"{re.escape(sign)}(?![ˈˌ']?[{_VOWEL_SIGNS}])" if len(sign) > 1 and sign[-1] in "jw" else re.escape(sign)
        for sign in sorted(_OF_SIGN, key=len, reverse=True)
    )
)


class UnknownSign(ValueError):
    """A sign that no phoneme has: the message names it, where it is, and what is near."""


def phonemes_of_ipa(text: str) -> list[str]:
    """ARPAbet phonemes of a transcription, with ``|`` between words, which are parted by ``|`` or a space (ours).

    Stress marks go to the next vowel, ˈ as 1 and ˌ as 2; where there are any, other vowels have 0. A space where a part
    would have no vowel, as in ``k æ t``, is between sounds.

    Parameters
    ----------
    text : without slashes or brackets around it

    Raises
    ------
    UnknownSign
        For a sign of no English phoneme.
    """
    plain = _IGNORED.sub("", unicodedata.normalize("NFC", unicodedata.normalize("NFD", text)))
    words = [_word(word, plain) for part in plain.split("|") for word in _parted(part, plain)]
    joined = [phoneme for word in words if word for phoneme in ("|", *word)][1:]
    if not STRESS.keys() & set(plain):
        return joined
    return [phoneme + "0" if phoneme in _VOWELS else phoneme for phoneme in joined]


def _parted(part: str, text: str) -> list[str]:
    """The words of what is between two ``|``."""
    words = part.split()
    voiced = all(any(phoneme.rstrip("012") in _VOWELS for phoneme in _word(word, text)) for word in words)
    return words if voiced and words else [part]


def _word(word: str, text: str) -> list[str]:
    found: list[str] = []
    at, stress = 0, ""
    while at < len(word):
        sign = _SIGN.match(word, at)
        if word[at] in _GAPS:
            at += 1
        elif word[at] in STRESS:
            stress, at = STRESS[word[at]], at + 1
        elif sign is None:
            raise UnknownSign(_unknown(word[at:], word[:at], text))
        else:
            phonemes = list(_OF_SIGN[sign[0]])
            if phonemes[0] in _VOWELS:
                phonemes[0] += stress or ("0" if sign[0] in _SCHWAS else "")
                stress = ""
            found += phonemes
            at = sign.end()
    return found


def _unknown(rest: str, before: str, text: str) -> str:
    bare = unicodedata.normalize("NFD", rest[0])[0]
    near = NEAR.get(rest[0]) or (bare if bare in _OF_SIGN else None)
    where = f"after '{before.strip()}'" if before.strip() else f"at the beginning of '{rest.strip()}'"
    return f"'{rest[0]}' {where} is no sign of an English phoneme" + (f"; near it: {near}" if near else "")
