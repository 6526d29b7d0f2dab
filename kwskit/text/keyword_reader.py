"""How typed keywords are said."""

import copy
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kwskit.errors import UnpronounceableText
from kwskit.text.g2p import G2P, best_phrases
from kwskit.text.guessed_readings import READINGS
from kwskit.text.normal_form import normal_form
from kwskit.text.pronunciation import WORD_BOUNDARY, Pronunciation
from kwskit.text.typed_keyword import TypedKeyword

Origins = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Readings:
    """How a keyword is said.

    Attributes
    ----------
    typed : what was typed
    pronunciations : ARPAbet phonemes, ``|`` between words, the likeliest first; none where only letters are known
    tokens : ids of each in a model; of one that reads letters, of its letters
    origins : the words that were read, each with where its pronunciations are from
        (:meth:`kwskit.text.g2p.G2P.origins`), or ``given``
    """

    typed: TypedKeyword
    pronunciations: tuple[Pronunciation, ...]
    tokens: tuple[tuple[int, ...], ...]
    origins: Origins

    @property
    def guessed(self) -> bool:
        """Whether a word of it is in no dictionary, and nobody has said how it is said."""
        return any(origin == "guessed" for _, origin in self.origins)


class KeywordReader:
    """Reads typed keywords for a model: by what is given, a lexicon, the model's, the dictionary, or a guess (ours).

    Parameters
    ----------
    tokenizer : of the model; one that reads letters takes respellings, but no pronunciations
    lexicon : file whose readings take the place of all others (:mod:`kwskit.text.lexicon`)

    Attributes
    ----------
    takes_phonemes : whether pronunciations can be given

    Raises
    ------
    kwskit.text.lexicon.LexiconError
        When the lexicon cannot be used.
    ValueError
        When there is one, and the model reads letters.
    """

    def __init__(self, tokenizer: Any, lexicon: str | Path | None = None):
        self.tokenizer = tokenizer
        self.takes_phonemes = callable(getattr(tokenizer, "ids_of", None))
        if lexicon is not None and not self.takes_phonemes:
            raise ValueError(
                f"{lexicon}: this model reads letters, to which a lexicon says nothing; respell: word~wurd"
            )
        own = getattr(tokenizer, "g2p", None) or G2P()
        self.g2p: G2P = own.extended(lexicon, READINGS)

    def guessing(self, guesses: int) -> "KeywordReader":
        """The same with so many guesses at a word that no dictionary has."""
        found = copy.copy(self)
        found.g2p = self.g2p.extended(None, guesses)
        return found

    def read(self, typed: str | TypedKeyword) -> Readings:
        """How ``typed`` is said.

        Raises
        ------
        UnpronounceableText
            For text that cannot be read out, and for phonemes where a model reads letters or wants stress.
        """
        one = TypedKeyword.parse(typed) if isinstance(typed, str) else typed
        if not self.takes_phonemes:
            return self._of_letters(one)
        said, origins = self._said(one)
        return Readings(one, said, _tuples(self.tokenizer.ids_of(said, str(one))), origins)

    def _of_letters(self, one: TypedKeyword) -> Readings:
        if one.pronunciations:
            reason = f"this model reads letters, not phonemes: respell it, as in {one.text}~RESPELLING"
            raise UnpronounceableText(str(one), reason)
        tokens = _tuples(self.tokenizer.encode(one.respelling or one.text))
        said: tuple[Pronunciation, ...] = ()
        origins: Origins = ()
        with suppress(UnpronounceableText):  # words of a language that only the model reads
            said, origins = self._said(one)
        return Readings(one, said, tokens, origins)

    def _said(self, one: TypedKeyword) -> tuple[tuple[Pronunciation, ...], Origins]:
        if one.pronunciations:
            return one.pronunciations, ((one.text, "given"),)
        if not one.respelling:
            return tuple(self.g2p.pronunciations(one.text)), tuple(self.g2p.origins(one.text))
        return tuple(self._respelt(one)), tuple(self.g2p.origins(one.respelling))

    def _respelt(self, one: TypedKeyword) -> list[Pronunciation]:
        """Its readings: a hyphen parts syllables, and so does a space where the text is a single word."""
        single = len(normal_form(one.text).split()) == 1
        words = [one.respelling] if single else one.respelling.split()
        readings = [list(dict.fromkeys(map(_joined, self.g2p.pronunciations(word)))) for word in words]
        return best_phrases(readings, self.g2p.max_pronunciations)


def _joined(said: Pronunciation) -> Pronunciation:
    return tuple(phoneme for phoneme in said if phoneme != WORD_BOUNDARY)


def _tuples(tokens: Sequence[Sequence[int]]) -> tuple[tuple[int, ...], ...]:
    return tuple(tuple(ids) for ids in tokens)
