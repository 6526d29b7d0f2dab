"""The embeddings of very many words, guessed from those of a few."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from kwskit.speech_model.speech_model import SpeechModel
from kwskit.text.phoneme_distance import FIRST
from kwskit.text.word_sounds import WordSounds

SAMPLE = 1200
PLACES = 6  # phonemes from either end that are looked at
RIDGE = 1.0
AT_ONCE = 2048
_PHONEMES, _LONGEST = 40, 16


class PredictedEmbeddings:
    """What a model makes of any sound, guessed, so that not all words of a dictionary need to be embedded (ours).

    A ridge regression from the phonemes at each of the first and last six places, and from the number of phonemes, to
    the embeddings of 1,200 words drawn at random. Of the twenty words that the synth recipe's models hear as nearest to
    a keyword, 95 % are among the 500 that this ranks first of 115,000, and 59 % among the 2,000 with the fewest
    phonemes changed.

    Parameters
    ----------
    model : gives the embeddings of the sample
    sounds : what it is drawn from
    """

    def __init__(self, model: SpeechModel, sounds: WordSounds):
        self._sounds = sounds
        count = len(sounds.sounds)
        drawn = np.sort(np.random.default_rng(0).choice(count, min(SAMPLE, count), replace=False)).tolist()
        drawn = [row for row in drawn if len(sounds.sounds[row]) > 1] or drawn
        embeddings = model.embed_tokens([model.tokenizer.encode(sounds.words(row)[0])[0] for row in drawn])
        places = _places([sounds.sounds[row] for row in drawn])
        features = np.zeros((len(drawn), 2 * PLACES * _PHONEMES + _LONGEST), np.float32)
        features[np.arange(len(drawn))[:, None], places] = 1
        self._mean = embeddings.mean(0)
        square = features.T @ features + RIDGE * np.eye(features.shape[1], dtype=np.float32)
        self._weights = np.linalg.solve(square, features.T @ (embeddings - self._mean))
        self._all: NDArray[np.float32] | None = None

    def of(self, sounds: Sequence[str]) -> NDArray[np.float32]:
        """Unit rows (N, dim), about what the model would make of ``sounds`` (N)."""
        places = _places(sounds)
        found = np.empty((len(sounds), len(self._mean)), np.float32)
        for at in range(0, len(sounds), AT_ONCE):  # few enough to stay in the cache
            few = places[at : at + AT_ONCE]
            rows = self._weights[few[:, 0]] + self._mean
            for column in few.T[1:]:
                rows += self._weights[column]
            found[at : at + AT_ONCE] = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)
        return found

    @property
    def everything(self) -> NDArray[np.float32]:
        """:meth:`of` all sounds, computed once."""
        if self._all is None:
            self._all = self.of(self._sounds.sounds)
        return self._all


def _places(sounds: Sequence[str]) -> NDArray[np.int32]:
    """(N, 2 * PLACES + 1) the column that each place and the length of a sound is told in."""
    ends = ([sound[:PLACES] for sound in sounds], [sound[: -PLACES - 1 : -1] for sound in sounds])
    codes = [np.array(part, f"U{PLACES}").view(np.uint32).reshape(len(sounds), PLACES) for part in ends]
    phonemes = np.concatenate(codes, axis=1).astype(np.int32)
    phonemes = np.where(phonemes > 0, phonemes - FIRST + 1, 0)  # 0: the sound has no such place
    lens = np.minimum([len(sound) for sound in sounds], _LONGEST - 1).astype(np.int32)
    last = 2 * PLACES * _PHONEMES
    return np.concatenate([phonemes + np.arange(0, last, _PHONEMES, dtype=np.int32), lens[:, None] + last], axis=1)
