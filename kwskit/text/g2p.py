"""Grapheme to phoneme: a typed word or phrase to all its pronunciations, offline."""

import itertools
import re
from collections.abc import Sequence
from pathlib import Path

from kwskit.errors import UnpronounceableText
from kwskit.text.guessed_readings import guessed_readings
from kwskit.text.lexicon import read_lexicon
from kwskit.text.neural_g2p import neural_g2p
from kwskit.text.normal_form import normal_form, token_words, vowelless
from kwskit.text.normalise import normalise
from kwskit.text.pronouncing_dictionary import cmudict
from kwskit.text.pronunciation import WORD_BOUNDARY, Pronunciation

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
    guesses : most readings of a word that no dictionary has (:func:`kwskit.text.guessed_readings.guessed_readings`);
        one is the neural model's greedy reading, which trainings and their tests are made with
    """

    def __init__(self, lexicon: str | Path | None = None, max_pronunciations: int = 8, guesses: int = 1):
        if not 1 <= max_pronunciations <= MOST_PRONUNCIATIONS:
            raise ValueError(f"max_pronunciations must lie in 1 to {MOST_PRONUNCIATIONS}, not {max_pronunciations}")
        self.max_pronunciations, self.guesses = max_pronunciations, guesses
        self._lexicon = read_lexicon(lexicon) if lexicon is not None else {}
        self._words: dict[str, tuple[str, list[Pronunciation]]] = {}

    def extended(self, lexicon: str | Path | None, guesses: int) -> "G2P":
        """The same with a further ``lexicon``, whose words go before those of its own, and so many guesses.

        Raises
        ------
        kwskit.text.lexicon.LexiconError
            When the file cannot be used.
        """
        found = G2P(lexicon, self.max_pronunciations, guesses)
        found._lexicon = {**self._lexicon, **found._lexicon}
        return found

    def pronunciations(self, text: str) -> list[Pronunciation]:
        """All pronunciations of ``text``, likeliest first; words of a phrase are joined by ``|``.

        A phrase takes the product of its words' pronunciations, ordered by the sum of their ranks and
        cut at ``max_pronunciations``; those that a lexicon has of the whole text are never cut.

        Raises
        ------
        UnpronounceableText
            For text that is empty, too long, or has no letter of the alphabet (see :func:`normalise`).
        """
        if key := self._lexicon_key(text):
            return list(self._lexicon[key])
        return best_phrases([self._found(word, text)[1] for word in self._words_of(text)], self.max_pronunciations)

    def origins(self, text: str) -> list[tuple[str, str]]:
        """The words that ``text`` is read as, each with where its pronunciations come from.

        That is ``lexicon``, ``dictionary``, ``spelt`` letter by letter, or ``guessed`` by the neural model.

        Raises
        ------
        UnpronounceableText
            As :meth:`pronunciations`.
        """
        if key := self._lexicon_key(text):
            return [(key, "lexicon")]
        return [(word, self._found(word, text)[0]) for word in self._words_of(text)]

    def known(self, word: str) -> bool:
        """Whether the lexicon or CMUdict has ``word`` (lower case), so that nothing is guessed."""
        return word in cmudict() or bool(self._lexicon_key(word))

    def _lexicon_key(self, text: str) -> str | None:
        """Where the lexicon has ``text``, with what its capitals say or without."""
        keys = dict.fromkeys([normal_form(text), normal_form(text.casefold())]) if self._lexicon else ()
        return next((key for key in keys if key in self._lexicon), None)

    def _words_of(self, text: str) -> list[str]:
        return [word for token in normalise(text, self.known) for word in token_words(token, self.known)]

    def _found(self, word: str, text: str) -> tuple[str, list[Pronunciation]]:
        """Where the pronunciations of a word of ``text`` come from, and they."""
        if word not in self._words:
            self._words[word] = self._look_up(word)
        if not self._words[word][1]:
            raise UnpronounceableText(text, f"no pronunciation was found for '{word}'; a lexicon file can give one")
        return self._words[word]

    def _look_up(self, word: str) -> tuple[str, list[Pronunciation]]:
        if key := self._lexicon_key(word):
            return "lexicon", self._lexicon[key]
        letters = re.sub("[^a-z]", "", word)
        for form in (word,) if "." in word else (word, letters):
            if form in cmudict():
                return "dictionary", cmudict().lookup(form)
        if "." in word or vowelless(letters):
            initials, ending = (letters[:-1], ("Z",)) if word.endswith(".'s") else (letters, ())
            said = itertools.chain.from_iterable(cmudict().lookup(f"{letter}.")[0] for letter in initials)
            return "spelt", [(*said, *ending)]
        if self.guesses > 1:
            return "guessed", guessed_readings(letters, self.guesses)
        phonemes = neural_g2p().predict(letters)
        return "guessed", [phonemes] if phonemes else []


def best_phrases(words: Sequence[Sequence[Pronunciation]], most: int) -> list[Pronunciation]:
    """The ``most`` phrases of the likeliest readings of ``words``, ``|`` between words (ours)."""
    phrases: list[tuple[tuple[int, ...], Pronunciation]] = [((), ())]
    for readings in words:
        longer = [
            ((*ranks, rank), (*phrase, WORD_BOUNDARY, *phonemes) if phrase else phonemes)
            for ranks, phrase in phrases
            for rank, phonemes in enumerate(readings)
        ]
        # The k best of a sum need only the k best beginnings, so a long phrase stays cheap.
        phrases = sorted(longer, key=lambda ranked: (sum(ranked[0]), ranked[0]))[:most]
    return [phrase for _, phrase in phrases]
