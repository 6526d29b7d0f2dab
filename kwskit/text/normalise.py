# ruff: noqa: RUF001 (signs that look like others are what this file is about)
"""Typed text to the lower-case letters, apostrophes, hyphens and dots that a pronunciation is looked up by."""

import re
import unicodedata

from kwskit.text.number_words import spell_numbers
from kwskit.text.unpronounceable import UnpronounceableText

MAX_CHARACTERS = 500  # far beyond a keyword or a phrase; keeps a pasted book from becoming one

# Latin letters that Unicode does not decompose into a base letter and an accent.
_LETTERS = str.maketrans(
    {"æ": "ae", "œ": "oe", "ø": "o", "ð": "th", "þ": "th", "ł": "l", "đ": "d", "ħ": "h", "ı": "i", "ŋ": "ng"}
)
_SIGNS_TABLE = str.maketrans(
    {
        **{"’": "'", "‘": "'", "ʼ": "'", "`": "'", "´": "'", "‐": "-", "‑": "-"},
        **{"²": " squared ", "³": " cubed ", "\u200b": " ", **dict.fromkeys("™℠®©ªº", " ")},
    }
)
# A sign that means a number, such as a fraction or a Roman numeral.
_FRACTION_SIGN = re.compile("([0-9]?)\\s*([¼-¾⅐-⅞↉])")
_ROMAN_SIGN = re.compile("[Ⅰ-ↈ]")
_UNSEEN = ("Mn", "Cf")  # accents, and what only guides the eye: soft hyphens, joiners, marks of direction
_WORDS_TABLE = str.maketrans({"&": " and ", "+": " plus ", "@": " at ", "=": " equals "})


def normalise(text: str) -> list[str]:
    """Tokens of ``text``, each over ``[a-z'.-]`` with at least one letter.

    In this order: signs made plain, case folded, compatibility forms and accents resolved (NFKD, marks and
    invisible characters dropped), numbers and ``& + @ =`` spelt out, everything else taken as a gap between tokens
    (g2p_en's pipeline without its part-of-speech tagger; g2p_en glues ``mp3`` and ``ac/dc``
    into one word, here they are two).

    Raises
    ------
    UnpronounceableText
        For empty text, text longer than ``MAX_CHARACTERS``, a letter of another script, or no letter or digit.
    """
    if len(text) > MAX_CHARACTERS:
        raise UnpronounceableText(text, f"it has {len(text):,} characters; at most {MAX_CHARACTERS} are taken")
    if not text.strip():
        raise UnpronounceableText(text, "it is empty; type a word or a phrase")
    signs = _FRACTION_SIGN.sub(lambda found: f"{found[1]}{' and' * bool(found[1])} {found[2]} ", text)
    signs = _ROMAN_SIGN.sub(lambda found: f" {unicodedata.numeric(found[0]):.0f} ", signs.translate(_SIGNS_TABLE))
    # Folded again, for compatibility forms bring capitals.
    plain = unicodedata.normalize("NFKD", signs.casefold()).casefold().translate(_SIGNS_TABLE)
    plain = "".join(_plain_digit(char) for char in plain if unicodedata.category(char) not in _UNSEEN)
    plain = plain.translate(_LETTERS)
    foreign = sorted({char for char in plain if char.isalpha() and not char.isascii()})
    if foreign:
        raise UnpronounceableText(text, f"only the letters A to Z can be read, not {' '.join(foreign[:10])}")
    spelt = spell_numbers(plain).translate(_WORDS_TABLE)
    tokens = [token for token in re.findall(r"[a-z'.\-]+", spelt) if re.search("[a-z]", token)]
    if not tokens:
        raise UnpronounceableText(text, "it has no letter and no digit")
    return tokens


def _plain_digit(char: str) -> str:
    return str(unicodedata.digit(char)) if unicodedata.category(char) == "Nd" else char
