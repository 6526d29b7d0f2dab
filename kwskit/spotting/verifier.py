"""Whether a keyword is said where it may be: the second of two stages of spotting."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from kwskit.speech_model.speech_model import SpeechModel
from kwskit.spotting.keyword_queries import KeywordQueries

# Frames before a path's first and behind its last phoneme: a phoneme begins before the frame that knows it.
MARGINS = ((2, 1), (1, 3), (3, 3))
# Of the phonemes' score beside that of the embeddings: of 0.5 to 5, 0.5 and 1 missed the fewest wake words of the dev
# half of people, by a model of english_stream.yaml that had not been trained to its end.
WEIGHT = 1.0
AT_ONCE = 64


class Verified(NamedTuple):
    """Scores of places of a keyword, each (n,): ``score`` is ``embedding`` + ``WEIGHT`` x ``phonemes``.

    ``embedding`` is the highest cosine of a window about the place, normalised by the cohort; ``phonemes`` is the score
    of its path, 0 where every phoneme is the likeliest one.
    """

    score: NDArray[np.float32]
    embedding: NDArray[np.float32]
    phonemes: NDArray[np.float32]


def verified(
    model: SpeechModel,
    queries: KeywordQueries,
    query: NDArray[np.int64],
    windows: Sequence[Sequence[NDArray[np.float32]]],
    phonemes: NDArray[np.float32],
) -> Verified:
    """Judge n places where keywords may be said (ours).

    Parameters
    ----------
    model : that made the frames
    queries : the keywords
    query : (n,) which of them each place is of
    windows : for each place windows (T, d) of frames about it
    phonemes : (n,) scores of the paths there
    """
    flat = [window for own in windows for window in own]
    owner = np.repeat(np.arange(len(windows)), [len(own) for own in windows])
    lengths = np.array([len(window) for window in flat])
    embedded = np.zeros((len(flat), model.dim), np.float32)
    for length in np.unique(lengths).tolist():  # windows of one length are embedded together, each as if alone
        rows = np.flatnonzero(lengths == length)
        for at in range(0, len(rows), AT_ONCE):
            few = rows[at : at + AT_ONCE]
            embedded[few] = model.embed_frames(np.stack([flat[row] for row in few]))
    scores = queries.every_score(embedded)[np.arange(len(flat)), query[owner]]
    best = np.full(len(windows), -np.inf, np.float32)
    np.maximum.at(best, owner, scores)
    return Verified(best + np.float32(WEIGHT) * phonemes, best, phonemes)
