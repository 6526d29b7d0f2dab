"""What somebody types for a keyword: a word or a phrase, and how it is said, where it is said otherwise than read."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from kwskit.errors import UnpronounceableText
from kwskit.text.normal_form import distinct_keywords, normal_form
from kwskit.text.pronunciation import PhonemeError, Pronunciation, read_pronunciation
from kwskit.text_file import read_text

MOST_CHARACTERS = 2000  # of all that is typed; several readings of a phrase are long
SAID, RESPELT = "=", "~"
FORMS = "WORD, WORD=PHONEMES (several readings with commas between them) or WORD~RESPELLING"


@dataclass(frozen=True)
class TypedKeyword:
    """A keyword as it is typed: ``hadouken``, ``hadouken=HH AH D UW K AH N`` or ``hadouken~ha doo ken``.

    Attributes
    ----------
    text : the word or phrase, which is shown and told of
    pronunciations : given in ARPAbet or IPA, the likeliest first; empty where none is
    respelling : text that is read in its place, or empty
    """

    text: str
    pronunciations: tuple[Pronunciation, ...] = ()
    respelling: str = ""

    @classmethod
    def parse(cls, typed: str) -> "TypedKeyword":
        """What ``typed`` says (ours).

        Raises
        ------
        UnpronounceableText
            When there is no word before ``=`` or ``~``, nothing behind it that can be read, or more than one of them,
            and for text that is too long.
        """
        sign = next((char for char in typed if char in (SAID, RESPELT)), "")
        if not sign:
            return cls(typed)
        if len(typed) > MOST_CHARACTERS:
            raise UnpronounceableText(typed, f"it has {len(typed):,} characters; at most {MOST_CHARACTERS} are taken")
        text, behind = (part.strip() for part in typed.split(sign, 1))
        if not text or not behind:
            raise UnpronounceableText(
                typed, f"a keyword is {FORMS}; the sign itself is typed as a word, such as equals"
            )
        if SAID in behind or RESPELT in behind:
            raise UnpronounceableText(typed, f"it has more than one {SAID} or {RESPELT}: a keyword is {FORMS}")
        if sign == RESPELT:
            return cls(text, respelling=behind)
        try:
            found = dict.fromkeys(read_pronunciation(part) for part in behind.split(","))
        except PhonemeError as error:
            aside = "" if len(behind.split()) > 1 else f"; to have {SAID} said, type equals"
            raise UnpronounceableText(typed, f"{error}{aside}") from None
        return cls(text, tuple(found))

    @property
    def told(self) -> bool:
        """Whether it says how it is said."""
        return bool(self.pronunciations or self.respelling)

    def __str__(self) -> str:
        """As it can be typed again."""
        if self.pronunciations:
            return f"{self.text}{SAID}{', '.join(map(' '.join, self.pronunciations))}"
        return f"{self.text}{RESPELT}{self.respelling}" if self.respelling else self.text


def keywords_file(path: str | Path) -> list[TypedKeyword]:
    """The keywords of a text file, one a line; empty lines are skipped.

    Raises
    ------
    ValueError
        When a line is no keyword, with the file and its number.
    OSError
        When it cannot be read.
    """
    found = []
    for number, line in enumerate(read_text(path).splitlines(), 1):
        try:
            found += [TypedKeyword.parse(line.strip())] if line.strip() else []
        except UnpronounceableText as error:
            raise ValueError(f"{path}: line {number}: {error}") from error
    return found


def typed_keywords(typed: Iterable[str]) -> list[TypedKeyword]:
    """The keywords of ``typed``, each once; a warning names those that are spelt in several ways.

    Raises
    ------
    UnpronounceableText
        As :meth:`TypedKeyword.parse`, and where one keyword is to be said in two ways that clash.
    """
    found: dict[str, TypedKeyword] = {}
    parsed = [TypedKeyword.parse(one) for one in typed]
    for one in parsed:
        first = found.setdefault(normal_form(one.text), one)
        if (first.pronunciations, first.respelling) != (one.pronunciations, one.respelling):
            reason = f"it was given as '{first}' before; several readings go into one: {one.text}=PHONEMES, PHONEMES"
            raise UnpronounceableText(str(one), reason)
    distinct_keywords(one.text for one in parsed)  # warns
    return list(found.values())
