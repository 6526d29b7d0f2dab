"""The pronunciations of a vocabulary as arrays."""

from collections.abc import Iterable, Sequence

import numpy as np
import torch
from torch import Tensor

from kwskit.errors import UnpronounceableText
from kwskit.text.tokenizer import Tokenizer

EXAMPLES = 5


class TokenTable:
    """Every pronunciation of every word, tokenised once and kept as flat arrays.

    Parameters
    ----------
    words : the vocabulary; a word's id is its position
    tokenizer : gives one id list per pronunciation
    word_ids : the words to tokenise; all by default

    Raises
    ------
    UnpronounceableText
        When words have no pronunciation: the first, its reason, and the number of others.
    """

    def __init__(self, words: Sequence[str], tokenizer: Tokenizer, word_ids: Iterable[int] | None = None):
        self.first = np.zeros(len(words), dtype=np.int64)  # row of the word's first pronunciation
        self.count = np.zeros(len(words), dtype=np.int64)  # its number of pronunciations
        pronunciations: list[list[int]] = []
        failed: list[UnpronounceableText] = []
        for word in range(len(words)) if word_ids is None else word_ids:
            try:
                own = tokenizer.encode(words[word])
            except UnpronounceableText as error:
                failed.append(error)
                continue
            self.first[word], self.count[word] = len(pronunciations), len(own)
            pronunciations += own
        if failed:
            others = ", ".join(repr(error.text) for error in failed[1 : EXAMPLES + 1])
            more = f" (and {len(failed) - 1:,} more words of the vocabulary: {others})" if others else ""
            raise UnpronounceableText(failed[0].text, failed[0].reason + more)
        self.lens = np.array([len(ids) for ids in pronunciations], dtype=np.int64)
        self._begin = np.cumsum(self.lens) - self.lens
        # One 0 behind the ids: what padding reads.
        self._ids = np.array([*(token for ids in pronunciations for token in ids), 0], dtype=np.int64)

    def draw(self, word_ids: np.ndarray, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
        """One random pronunciation of each word: ids (N, longest) int64, padded with 0, and lengths (N,) int64.

        Raises
        ------
        KeyError
            When one of the words was not tokenised.
        """
        if (self.count[word_ids] == 0).any():
            raise KeyError("a word that was not tokenised: the table was built for other word_ids")
        chosen = self.first[word_ids] + rng.integers(0, self.count[word_ids])
        lens = self.lens[chosen]
        steps = np.arange(lens.max(initial=0))
        place = np.where(steps < lens[:, None], self._begin[chosen, None] + steps, len(self._ids) - 1)
        return torch.from_numpy(self._ids[place]), torch.from_numpy(lens)
