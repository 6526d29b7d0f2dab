"""The cohort as a model embeds it."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from kwskit.speech_model.speech_model import SpeechModel
from kwskit.spotting.cohort import cohort_words

COHORT = 300


class CohortEmbeddings:
    """Other words that scores are normalised by.

    Attributes
    ----------
    words : of them
    embeddings : (rows, dim), one a pronunciation
    """

    def __init__(self, model: SpeechModel, count: int = COHORT):
        self.words = cohort_words(count)
        tokens = [model.tokenizer.encode(word) for word in self.words]
        self.embeddings = model.embed_tokens([ids for found in tokens for ids in found])
        counts = np.array([len(found) for found in tokens])
        self._first = np.cumsum(counts) - counts
        self._tokens = [{tuple(ids) for ids in found} for found in tokens]

    def scores(self, windows: NDArray[np.float32]) -> NDArray[np.float32]:
        """Cosines (n, words) of windows (n, dim): the highest of a word's pronunciations."""
        return np.maximum.reduceat(windows @ self.embeddings.T, self._first, axis=1)

    def same(self, pronunciations: Sequence[Sequence[int]]) -> list[int]:
        """The words that can be said as ``pronunciations``, token ids, can."""
        wanted = {tuple(ids) for ids in pronunciations}
        return [k for k, found in enumerate(self._tokens) if found & wanted]
