"""Grapheme to phoneme: a typed word or phrase to all its pronunciations, offline."""

import itertools
import re
from pathlib import Path

from kwskit.text.lexicon import WORD_BOUNDARY, lexicon_key, read_lexicon
from kwskit.text.neural_g2p import neural_g2p
from kwskit.text.normalise import normalise
from kwskit.text.pronouncing_dictionary import cmudict
from kwskit.text.unpronounceable import UnpronounceableText

Pronunciation = tuple[str, ...]
Ranks = tuple[int, ...]
MOST_PRONUNCIATIONS = 100  # a long phrase has them by the billion


class G2P:
    """Pronunciations from a user's lexicon, CMUdict, or g2p_en's neural model, in that order.

    Keyword text has too little context for g2p_en's part-of-speech rule, so a word keeps *all* its
    dictionary pronunciations (ours). A word without a vowel letter that no dictionary has is spelt
    letter by letter (ours: ``kws``, ``x.y.z.``).

    Parameters
    ----------
    lexicon : file of pronunciations that go before the dictionary's (see :mod:`kwskit.text.lexicon`)
    max_pronunciations : most pronunciations of one text; those with the likeliest parts are kept
    """

    def __init__(self, lexicon: str | Path | None = None, max_pronunciations: int = 8):
        if not 1 <= max_pronunciations <= MOST_PRONUNCIATIONS:
            raise ValueError(f"max_pronunciations must lie in 1 to {MOST_PRONUNCIATIONS}, not {max_pronunciations}")
        self.max_pronunciations = max_pronunciations
        self._lexicon = read_lexicon(lexicon) if lexicon is not None else {}
        self._words: dict[str, tuple[str, list[Pronunciation]]] = {}

    def pronunciations(self, text: str) -> list[Pronunciation]:
        """All pronunciations of ``text``, likeliest first; words of a phrase are joined by ``|``.

        A phrase takes the product of its words' pronunciations, ordered by the sum of their ranks and
        cut at ``max_pronunciations``.

        Raises
        ------
        UnpronounceableText
            For text that is empty, too long, or has no letter of the alphabet (see :func:`normalise`).
        """
        if given := self._lexicon.get(lexicon_key(text)):
            return given[: self.max_pronunciations]
        phrases: list[tuple[Ranks, Pronunciation]] = [((), ())]
        for word in itertools.chain.from_iterable(self._split(token) for token in normalise(text)):
            said = list(enumerate(self._found(word, text)[1]))
            longer = [
                ((*ranks, rank), (*phrase, WORD_BOUNDARY, *phonemes) if phrase else phonemes)
                for ranks, phrase in phrases
                for rank, phonemes in said
            ]
            # The k best of a sum need only the k best beginnings, so a long phrase stays cheap.
            phrases = sorted(longer, key=lambda ranked: (sum(ranked[0]), ranked[0]))[: self.max_pronunciations]
        return [phrase for _, phrase in phrases]

    def origins(self, text: str) -> list[tuple[str, str]]:
        """The words that ``text`` is read as, each with where its pronunciations come from.

        That is ``lexicon``, ``dictionary``, ``spelt`` letter by letter, or ``guessed`` by the neural model.

        Raises
        ------
        UnpronounceableText
            As :meth:`pronunciations`.
        """
        if lexicon_key(text) in self._lexicon:
            return [(lexicon_key(text), "lexicon")]
        words = [word for token in normalise(text) for word in self._split(token)]
        return [(word, self._found(word, text)[0]) for word in words]

    def known(self, word: str) -> bool:
        """Whether the lexicon or CMUdict has ``word`` (lower case), so that nothing is guessed."""
        return word in self._lexicon or word in cmudict()

    def _split(self, token: str) -> list[str]:
        """The words of a token over ``[a-z'.-]``: ``end.`` is one, ``zig-zaggy`` two, ``a.m.`` one."""
        for form in (token.strip(".-"), token, token.strip(".-'")):
            if self.known(form):
                return [form]
        bare = token.strip(".-'")
        if re.fullmatch(r"[a-z](\.[a-z])+", bare):
            return [f"{bare}."]
        parts = [part for part in re.split(r"[.\-]+", bare) if re.search("[a-z]", part)]
        return [bare] if len(parts) == 1 else [word for part in parts for word in self._split(part)]

    def _found(self, word: str, text: str) -> tuple[str, list[Pronunciation]]:
        """Where the pronunciations of a word of ``text`` come from, and they."""
        if word not in self._words:
            self._words[word] = self._look_up(word)
        if not self._words[word][1]:
            raise UnpronounceableText(text, f"no pronunciation was found for '{word}'; a lexicon file can give one")
        return self._words[word]

    def _look_up(self, word: str) -> tuple[str, list[Pronunciation]]:
        if word in self._lexicon:
            return "lexicon", self._lexicon[word]
        letters = re.sub("[^a-z]", "", word)
        for form in (word, letters):
            if form in cmudict():
                return "dictionary", cmudict().lookup(form)
        if "." in word or _vowelless(letters):
            said = itertools.chain.from_iterable(cmudict().lookup(f"{letter}.")[0] for letter in letters)
            return "spelt", [tuple(said)]
        phonemes = neural_g2p().predict(letters)
        return "guessed", [phonemes] if phonemes else []


def _vowelless(word: str) -> bool:
    return not re.search("[aeiouy]", word)
