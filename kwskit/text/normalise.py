# ruff: noqa: RUF001 (signs that look like others are what this file is about)
"""Typed text to the lower-case letters, apostrophes, hyphens and dots that a pronunciation is looked up by."""

import re
import unicodedata
from collections.abc import Callable

from kwskit.errors import UnpronounceableText
from kwskit.text.capitals import read_capitals
from kwskit.text.number_words import spell_numbers
from kwskit.text.pronouncing_dictionary import cmudict

MAX_CHARACTERS = 500  # far beyond a keyword or a phrase; keeps a pasted book from becoming one

# Latin letters that Unicode does not decompose into a base letter and an accent.
_LETTERS = str.maketrans(
    {"ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "ð": "th", "þ": "th", "ł": "l", "đ": "d", "ħ": "h", "ı": "i", "ŋ": "ng"}
)
_SIGNS_TABLE = str.maketrans(
    {
        **{"’": "'", "‘": "'", "ʼ": "'", "`": "'", "´": "'", "‐": "-", "‑": "-", "−": "-"},
        **{"²": " squared ", "³": " cubed ", "\u200b": " ", **dict.fromkeys("™℠®©ªº", " ")},
    }
)
_PLAIN = re.compile(r"[a-z][a-z']*(?: [a-z][a-z']*)*")  # nothing to be done; most words are so
# A sign that means a number, such as a fraction or a Roman numeral.
_FRACTION_SIGN = re.compile("([0-9]?)\\s*([¼-¾⅐-⅞↉])")
_ROMAN_SIGN = re.compile("[Ⅰ-ↈ]")
_UNSEEN = "Cf"  # what only guides the eye: soft hyphens, joiners, marks of direction
_WORDS_TABLE = str.maketrans({"&": " and ", "+": " plus ", "@": " at ", "=": " equals "})
_SHARP = re.compile(r"(?<![a-z0-9])([a-g])#(?![a-z0-9])")
_NUMBER_SIGN = re.compile(r"#(?=[0-9])")


def normalise(text: str, known: Callable[[str], bool] | None = None) -> list[str]:
    """Tokens of ``text``, each over ``[a-z'.-]`` with at least one letter.

    Those of :func:`spelt_tokens` with accents dropped and letters such as ``ø`` in plain ones
    (g2p_en's pipeline without its part-of-speech tagger; g2p_en glues ``mp3`` and ``ac/dc``
    into one word, here they are two).

    Parameters
    ----------
    text : of at most ``MAX_CHARACTERS``
    known : as :func:`spelt_tokens` takes it

    Raises
    ------
    UnpronounceableText
        For empty text, text longer than ``MAX_CHARACTERS``, a letter of another script, or no letter or digit.
    """
    if len(text) > MAX_CHARACTERS:
        raise UnpronounceableText(text, f"it has {len(text):,} characters; at most {MAX_CHARACTERS} are taken")
    if not text.strip():
        raise UnpronounceableText(text, "it is empty; type a word or a phrase")
    plain = [plain_letters(token) for token in spelt_tokens(text, known)]
    foreign = sorted({char for token in plain for char in token if char.isalpha() and not char.isascii()})
    if foreign:
        raise UnpronounceableText(text, f"only the letters A to Z can be read, not {' '.join(foreign[:10])}")
    tokens = [token for part in plain for token in re.findall(r"[a-z'.\-]+", part) if re.search("[a-z]", token)]
    if not tokens:
        raise UnpronounceableText(text, "it has no letter and no digit")
    return tokens


def spelt_tokens(text: str, known: Callable[[str], bool] | None = None) -> list[str]:
    """Tokens of letters of any script, with their accents, and of ``'.-``; each has a letter.

    In this order: signs made plain, compatibility forms resolved and accents composed (NFKC, invisible characters
    dropped), what capitals say written out (:func:`read_capitals`), lower case, numbers and ``& + @ =`` spelt out,
    everything else taken as a gap between tokens.

    Parameters
    ----------
    text : any
    known : whether a dictionary has a word in lower case; None asks CMUdict
    """
    if _PLAIN.fullmatch(text):
        return text.split()
    signs = _FRACTION_SIGN.sub(lambda found: f"{found[1]}{' and' * bool(found[1])} {found[2]} ", text)
    signs = _ROMAN_SIGN.sub(lambda found: f" {unicodedata.numeric(found[0]):.0f} ", signs.translate(_SIGNS_TABLE))
    composed = unicodedata.normalize("NFKC", signs).translate(_SIGNS_TABLE)
    composed = "".join(_plain_digit(char) for char in composed if unicodedata.category(char) != _UNSEEN)
    folded = read_capitals(composed, known or _in_cmudict).lower()
    # Again, for lower case can take letters apart.
    folded = unicodedata.normalize("NFKC", folded).translate(_SIGNS_TABLE)
    spelt = _NUMBER_SIGN.sub(" number ", _SHARP.sub(r"\1 sharp", folded))
    spelt = spell_numbers(spelt).translate(_WORDS_TABLE)
    gaps = "".join(char if char in "'.-" or unicodedata.category(char)[0] in "LM" else " " for char in spelt)
    return [token for token in gaps.split() if any(map(str.isalpha, token))]


def plain_letters(text: str) -> str:
    """Lower-case ``text`` without accents and with letters such as ``ø`` in plain ones."""
    if text.isascii():
        return text
    bare = "".join(char for char in unicodedata.normalize("NFKD", text) if unicodedata.category(char) != "Mn")
    return bare.translate(_LETTERS)


def _in_cmudict(word: str) -> bool:
    return word in cmudict()


def _plain_digit(char: str) -> str:
    return str(unicodedata.digit(char)) if unicodedata.category(char) == "Nd" else char
