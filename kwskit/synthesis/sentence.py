"""A sentence to be spoken."""

from dataclasses import dataclass


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
