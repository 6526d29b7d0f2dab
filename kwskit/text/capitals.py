"""Capitals that say how a word is read: initials, Roman numerals, and words that are written as one."""

import re
from collections.abc import Callable

# Letters, with apostrophes and hyphens inside, and an apostrophe or dot behind; initials joined by & (AT&T, Q&A).
_WORD = re.compile(r"(?P<initials>\b[A-Z]{1,3}(?:&[A-Z]{1,3})+\b)|[^\W\d_]+(?:['-][^\W\d_]+)*(?=(?P<behind>['.]?))")
_LETTERS = re.compile(r"[^\W\d_]+")
_ACRONYM = re.compile(r"([A-Z]{2,})('?s)?")
_ROMAN = re.compile(r"(?=..)(X{0,3})(IX|IV|V?I{0,3})")
_ONES = {"": 0, "I": 1, "II": 2, "III": 3, "IV": 4, "V": 5, "VI": 6, "VII": 7, "VIII": 8, "IX": 9}
_NAME = re.compile(r"(?:Mc|Mac|O|De|Di|Du|La|Le|Van|Fitz)[A-Z][a-z]")  # McGonagall is one word


def read_capitals(text: str, known: Callable[[str], bool]) -> str:
    """``text`` with what its capitals say written out; all else stays as it is (ours).

    * Roman numerals of two signs and more, up to 39, become numbers: ``World War II``. ``VI`` and ``XI``, which are
      names too, do so behind another word only.
    * A word that a dictionary knows (``NASA``, ``McDonald``, ``iPhone``) stays a word.
    * Joined words are parted: ``HeyJarvis``; not those that begin as names do (``McGonagall``).
    * Initials get dots: capitals without a vowel (``XYZ``), and any two or three that no dictionary has (``UAE``),
      unless the whole of several words is in capitals, which then say nothing. Longer ones are taken for words
      (``COVID``). Initials joined by ``&`` are spelt in any case (``AT&T``).

    >>> read_capitals("HeyJarvis meets XYZ in World War II at AT&T", {"hey", "jarvis", "war"}.__contains__)
    'Hey Jarvis meets X.Y.Z. in World War 2 at A.T.&T'

    Parameters
    ----------
    text : composed (NFC), with plain apostrophes
    known : whether a dictionary has a word, which it is asked for in lower case
    """
    if not any(char.isupper() for char in text[1:]):
        return text
    loud = not any(char.islower() for char in text) and len(_LETTERS.findall(text)) > 1

    def read(match: re.Match[str]) -> str:
        if match["initials"]:
            return "&".join(_dotted(part) if len(part) > 1 else part for part in match[0].split("&"))
        folded = match[0].lower()
        if ("-" in folded and known(folded)) or (match["behind"] and known(folded + match["behind"])):
            return match[0]
        return "-".join(read_word(part, match.start() > 0) for part in match[0].split("-"))

    def read_word(word: str, behind_another: bool) -> str:
        numeral = _ROMAN.fullmatch(word)
        if numeral and (behind_another or not known(word.lower())):
            return str(10 * len(numeral[1]) + _ONES[numeral[2]])
        if known(word.lower()):
            return word
        acronym = _ACRONYM.fullmatch(word)
        if acronym:
            letters, ending = acronym[1], acronym[2]
            spelt = not re.search("[AEIOU]", letters) or (len(letters) <= 3 and not loud)
            return _dotted(letters) + ("'s" if ending else "") if spelt else word
        if _NAME.match(word):
            return word
        parts = _parted(word)
        return " ".join(read_capitals(part, known) for part in parts) if len(parts) > 1 else word

    return _WORD.sub(read, text)


def _dotted(letters: str) -> str:
    return "".join(f"{letter}." for letter in letters)


def _parted(word: str) -> list[str]:
    """``HeyJarvis`` as ``Hey``, ``Jarvis``; ``JPMorgan`` as ``JP``, ``Morgan``."""
    cuts = [
        at
        for at in range(1, len(word))
        if word[at].isupper()
        and (word[at - 1].islower() or (word[at - 1].isupper() and word[at + 1 : at + 2].islower()))
    ]
    return [word[begin:end] for begin, end in zip([0, *cuts], [*cuts, len(word)], strict=True)]
