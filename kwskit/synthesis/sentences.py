"""Sentences of random words for running speech (ours)."""

from collections.abc import Collection
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from kwskit.synthesis.vocabulary import candidates, words_by_frequency
from kwskit.text.g2p import G2P


@dataclass(frozen=True)
class Sentence:
    """Words in a row, meaning nothing, with what a speaker needs to say them.

    Attributes
    ----------
    words : the words
    said : of each the pronunciation drawn for it, ARPAbet phonemes with stress
    pauses : of each but the last, whether a comma follows
    final : the mark behind the last word, which makes the melody
    rate : speaking rate, 1 = the voice's own
    """

    words: tuple[str, ...]
    said: tuple[tuple[str, ...], ...]
    pauses: tuple[bool, ...]
    final: str
    rate: float

    def marked(self) -> list[str]:
        """The words, each with the mark that follows it."""
        marks = [*("," if pause else "" for pause in self.pauses), self.final]
        return [word + mark for word, mark in zip(self.words, marks, strict=True)]

    def stretches(self, least: int, most: int) -> list[tuple[int, int]]:
        """(first, behind the last) of all ``least`` to ``most`` words in a row without a pause between them."""
        return [
            (first, behind)
            for first in range(len(self.words))
            for behind in range(first + least, min(first + most, len(self.words)) + 1)
            if not any(self.pauses[first : behind - 1])
        ]


LENGTHS = {1: 0.12, 2: 0.16, 3: 0.18, 4: 0.18, 5: 0.16, 6: 0.12, 7: 0.08}  # words of a sentence -> chance
MOST_FREQUENT = 3000  # words, of which a quarter is drawn, the most frequent most often
FREQUENT = 12_000  # candidates, of which 45 % are drawn; the rest come from all of them
PAUSE = 0.12  # chance of a comma between two words
FINAL = list("..?!,")
RATES = (0.75, 1.3)


class Sentences:
    """Draws sentences; one depends on the seed and its number alone.

    Parameters
    ----------
    held_out : words that no sentence may hold
    """

    def __init__(self, held_out: Collection[str] = ()):
        self._g2p = G2P()
        self._all = [word for word in candidates(2, 14) if word not in held_out]
        most_frequent = [word for word in words_by_frequency()[:MOST_FREQUENT] if word.isalpha()]
        self._most_frequent = [word for word in most_frequent if word not in held_out and self._g2p.known(word)]

    def draw(self, seed: int, number: int) -> Sentence:
        """Sentence ``number`` of ``seed``."""
        draw = np.random.default_rng([seed, number])
        count = int(draw.choice(list(LENGTHS), p=list(LENGTHS.values())))
        words = tuple(self._word(draw) for _ in range(count))
        found = [self._g2p.pronunciations(word) for word in words]
        said = tuple(tuple(own[int(draw.integers(len(own)))]) for own in found)
        pauses = tuple(bool(draw.random() < PAUSE) for _ in range(count - 1))
        final = str(draw.choice(FINAL))
        return Sentence(words, said, pauses, final, float(draw.uniform(*RATES)))

    def _word(self, draw: np.random.Generator) -> str:
        kind = draw.random()
        if kind < 0.25:
            return self._most_frequent[int(len(self._most_frequent) * draw.random() ** 2)]
        words = min(FREQUENT, len(self._all)) if kind < 0.7 else len(self._all)
        return self._all[int(words * draw.random())]


@lru_cache(maxsize=2)
def sentences_without(held_out: tuple[str, ...]) -> Sentences:
    """This process's :class:`Sentences`; their lists take seconds to make."""
    return Sentences(held_out)
