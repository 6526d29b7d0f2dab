"""Texts of the training words that sound most like a word."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from kwskit.errors import UnpronounceableText
from kwskit.systems.enrolment import pad_tokens
from kwskit.text.phoneme_neighbours import PhonemeNeighbours
from kwskit.text.tokenizer import Tokenizer

NEAREST = 3  # LibriPhrase has as many of an anchor


class NearWords:
    """The training words whose tokens are nearest in Levenshtein distance, to be drawn from.

    LibriPhrase's hard negatives (Shin et al. 2022), of words: a word's are the three nearest to each of its
    pronunciations, equally near ones drawn by lot. Words that sound the same are none of each other's.

    Parameters
    ----------
    tokenizer : what the texts are made of
    words : the vocabulary; a word's id is its place. Those that cannot be pronounced have no neighbours and are none

    Raises
    ------
    ValueError
        When none of the words can be pronounced.
    """

    def __init__(self, tokenizer: Tokenizer, words: Sequence[str]):
        said = [_pronounced(tokenizer, word) for word in words]
        sounds = sorted({sound for own in said for sound in own})
        if not sounds:
            raise ValueError(f"none of {len(words)} words can be pronounced: there are no words near to one")
        place = {sound: number for number, sound in enumerate(sounds)}
        owned = [np.array([place[sound] for sound in own], np.int64) for own in said]
        same = [(own[:, None] * len(sounds) + own).ravel() for own in owned]
        alike = np.unique(np.concatenate(same))
        near = PhonemeNeighbours([[str(token) for token in sound] for sound in sounds]).nearest(
            np.arange(len(sounds)),
            NEAREST,
            np.random.default_rng(0),
            lambda one, other: np.isin(one * len(sounds) + other, alike),
        )
        # The neighbours of all of a word's pronunciations in a row, behind those of the words before it.
        found = [near[own][near[own] >= 0] for own in owned]
        self._count = torch.tensor([len(own) for own in found])
        self._first = self._count.cumsum(0) - self._count
        self._near = torch.from_numpy(np.concatenate(found))
        self._tokens, self._lens = pad_tokens([[*sound] for sound in sounds])

    def has(self, word: Tensor) -> Tensor:
        """(N,) bool: whether the words ``word`` (N,) have neighbours; phrases, whose ids are behind, have none."""
        inside = word < len(self._count)
        return inside & (self._count[word.masked_fill(~inside, 0)] > 0)

    def draw(self, word: Tensor) -> tuple[Tensor, Tensor]:
        """A random neighbour of each of ``word`` (N,); all must have some. Tokens (N, T), padded, and lengths."""
        turn = (torch.rand(len(word)) * self._count[word]).long()
        sound = self._near[self._first[word] + turn]
        lens = self._lens[sound]
        return self._tokens[sound, : int(lens.max()) if len(lens) else 0], lens


def _pronounced(tokenizer: Tokenizer, word: str) -> list[tuple[int, ...]]:
    try:
        return [tuple(tokens) for tokens in tokenizer.encode(word)]
    except UnpronounceableText:
        return []
