"""The one spelling of a keyword, whichever way it was written: ``hey_nova``, ``Hey Nova`` and ``hey nova!`` are one."""

import logging
import re
import unicodedata
from collections.abc import Callable, Iterable

from kwskit.text.normalise import plain_letters, spelt_tokens
from kwskit.text.number_words import TENS
from kwskit.text.pronouncing_dictionary import cmudict

_SHOWN = 3  # of the merged words
_PLAIN = re.compile("[a-z]+(?: [a-z]+)*")  # is in its normal form; most words are
_TENS = re.compile(rf"\b({'|'.join(TENS[2:])})-")  # the dictionary has some of them: twenty-five, not sixty-six
_SEPARATORS = re.compile(r"[.\-]+")
_LETTERS_WITH_DOTS = re.compile(r"[^\W\d_](?:\.[^\W\d_])+(?P<ending>\.'s)?")


logger = logging.getLogger(__name__)


def normal_form(text: str) -> str:
    """The words that ``text`` is read as, with single spaces: two spellings of a keyword have the same.

    Case, underscores, punctuation, the forms of apostrophes and the composition of accents make no difference, nor does
    what is read alike: ``2`` and ``two``, ``HeyJarvis`` and ``hey jarvis``, ``well-known`` and ``well known`` (but
    ``x-ray``, which the dictionary has). Accents and letters of any script stay, since a lexicon may tell them apart.
    Text without any letter or digit is folded alone. The normal form of a normal form is itself, and it is pronounced
    as the text is, but for a boundary of words in ``twenty five`` (ours).
    """
    if _PLAIN.fullmatch(text):
        return text
    words = [word for token in spelt_tokens(text) for word in token_words(token, _in_cmudict)]
    return _TENS.sub(r"\1 ", " ".join(words)) or " ".join(unicodedata.normalize("NFC", text.casefold()).split())


def token_words(token: str, known: Callable[[str], bool]) -> list[str]:
    """The words of a token over letters and ``'.-``: ``end.`` is one, ``zig-zaggy`` two, ``a.m.`` one.

    Parameters
    ----------
    token : of :func:`kwskit.text.normalise.spelt_tokens` or :func:`kwskit.text.normalise.normalise`
    known : whether a dictionary has a word
    """
    bare = token.strip(".-'")
    if initials := _LETTERS_WITH_DOTS.fullmatch(bare):
        letters = bare.replace(".", "")
        dotted = bare if initials["ending"] else f"{bare}."
        return [letters if vowelless(letters) and not known(letters) and not known(dotted) else dotted]
    for form in (token.strip(".-"), token, bare):
        if known(form):
            return [form]
    parts = [part for part in _SEPARATORS.split(bare) if any(map(str.isalpha, part))]
    return [bare] if len(parts) == 1 else [word for part in parts for word in token_words(part, known)]


def vowelless(word: str) -> bool:
    """Whether a word has no vowel letter, so that it is spelt letter by letter when no dictionary has it."""
    return word.isascii() and not re.search("[aeiouy]", word)


def merged_spellings(texts: Iterable[str]) -> dict[str, list[str]]:
    """Normal forms that several of ``texts`` have, each with those spellings, sorted."""
    spellings: dict[str, set[str]] = {}
    for text in texts:
        spellings.setdefault(normal_form(text), set()).add(text)
    return {form: sorted(found) for form, found in sorted(spellings.items()) if len(found) > 1}


def distinct_keywords(texts: Iterable[str]) -> list[str]:
    """The first spelling of each keyword among ``texts``; a warning names those that are merged."""
    first: dict[str, str] = {}
    for text in (texts := list(texts)):
        first.setdefault(normal_form(text), text)
    if merged := merged_spellings(texts):
        logger.warning(merged_message(merged))
    return list(first.values())


def merged_message(merged: dict[str, list[str]]) -> str:
    """A line about :func:`merged_spellings`: how many, and some of them."""
    shown = [f"'{form}' ({', '.join(map(repr, found[:_SHOWN]))})" for form, found in list(merged.items())[:_SHOWN]]
    more = ", …" if len(merged) > _SHOWN else ""
    count = f"{len(merged):,} keywords are" if len(merged) > 1 else "a keyword is"
    return f"{count} spelt in several ways and taken as one: {', '.join(shown)}{more}"


def _in_cmudict(word: str) -> bool:
    return plain_letters(word) in cmudict()
