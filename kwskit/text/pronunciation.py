"""A pronunciation that somebody writes, in ARPAbet or IPA."""

import re
from difflib import get_close_matches

from kwskit.text.ipa import UnknownSign, phonemes_of_ipa
from kwskit.text.neural_g2p import CONSONANTS, PHONEMES, VOWELS

Pronunciation = tuple[str, ...]
WORD_BOUNDARY = "|"
STRESSLESS = tuple(sorted([*CONSONANTS, *VOWELS]))
_KNOWN = frozenset([*PHONEMES, *STRESSLESS, WORD_BOUNDARY])
_BRACKETED = re.compile(r"/([^/]*)/|\[([^\[\]]*)\]")
_PLAIN = re.compile(r"[A-Za-z0-9| ]*")
# Of other ARPAbets, and letters that are taken for phonemes.
_NEAR = {
    **{"AX": "AH0", "AXR": "ER0", "IX": "IH0", "UX": "UW", "DX": "T or D", "NX": "N", "Q": "K, or T for a stop"},
    **{"EL": "AH L", "EM": "AH M", "EN": "AH N", "ENG": "IH NG", "WH": "HH W", "HV": "HH", "H": "HH", "J": "JH or Y"},
    **{"A": "AE, AA or EY", "E": "EH or IY", "I": "IH or AY", "O": "AA or OW", "U": "AH or UW", "C": "K or S"},
    **{"X": "K S", "OH": "OW", "OO": "UW", "UU": "UW or UH", "EE": "IY", "AI": "AY", "OU": "OW or AW", "TS": "T S"},
}


class PhonemeError(ValueError):
    """A pronunciation that cannot be read: the message names the phoneme, where it is, and what is near."""


def read_pronunciation(text: str) -> Pronunciation:
    """ARPAbet phonemes of ``text``, with ``|`` between words (ours).

    ARPAbet is written with spaces, in either case, its vowels with a stress digit (0, 1, 2) or without:
    ``HH AH0 L OW1``. IPA is what stands between slashes or brackets, or has a sign that ARPAbet lacks: ``həˈloʊ``; see
    :func:`kwskit.text.ipa.phonemes_of_ipa`.

    Raises
    ------
    PhonemeError
        When it is empty, has an unknown phoneme, or a ``|`` that is not between words.
    """
    bare = " ".join(text.split())
    bracketed = _BRACKETED.fullmatch(bare)
    if bracketed or not _PLAIN.fullmatch(bare):
        try:
            phonemes = phonemes_of_ipa((bracketed[1] or bracketed[2] or "") if bracketed else bare)
        except UnknownSign as error:
            raise PhonemeError(str(error)) from None
    else:
        phonemes = bare.upper().replace(WORD_BOUNDARY, f" {WORD_BOUNDARY} ").split()
    if not any(phoneme != WORD_BOUNDARY for phoneme in phonemes):
        raise PhonemeError("there is no phoneme")
    for number, phoneme in enumerate(phonemes, 1):
        if phoneme not in _KNOWN:
            raise PhonemeError(_unknown(phoneme, number, phonemes))
    if phonemes[0] == WORD_BOUNDARY or phonemes[-1] == WORD_BOUNDARY or "| |" in " ".join(phonemes):
        raise PhonemeError("a | stands between two words, not around them")
    return tuple(phonemes)


def stressless(pronunciation: Pronunciation) -> Pronunciation:
    """The same without the digits of stress."""
    return tuple(phoneme.rstrip("012") for phoneme in pronunciation)


def _unknown(phoneme: str, number: int, phonemes: list[str]) -> str:
    """What is wrong with the ``number``-th of ``phonemes``."""
    where = (
        f"'{phoneme}'" if len(phonemes) == 1 else f"'{phoneme}', the {_ordinal(number)} of {len(phonemes)} phonemes,"
    )
    wrong = f"{where} is not an ARPAbet phoneme, such as AH0 or CH"
    bare = phoneme.rstrip("0123456789")
    if bare in VOWELS:
        return f"{wrong}: the stress of a vowel is 0, 1 or 2, as in {bare}1"
    if bare in CONSONANTS:
        return f"{wrong}: a consonant has no stress: {bare}"
    if len(phonemes) == 1 and len(phoneme) > 2 and phoneme not in _NEAR:
        return f"{wrong}: ARPAbet has spaces between phonemes (K AE T), IPA slashes around them (/kæt/)"
    near = _NEAR.get(bare) or " or ".join(get_close_matches(bare, STRESSLESS, 3, 0.5))
    return f"{wrong}; near it: {near}" if near else wrong


def _ordinal(number: int) -> str:
    ending = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"
