"""How well the phonemes of keywords are heard about places of a stream: a second opinion on its windows."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from kwskit.speech_model.speech_model import SpeechModel
from kwskit.spotting.keyword import Keyword
from kwskit.spotting.keyword_paths import KeywordPaths
from kwskit.spotting.score_smoothing import NEAR

# Of the phonemes' score beside that of the embeddings. Of 0.5 to 2, 0.5 and 1 missed the fewest wake words of the dev
# half of people.
WEIGHT = 0.75
LEAST = -4.0  # score of a place where no path has a better one
SLOWEST = 3.0  # times as long as expected that a keyword may take
ROUNDING = 1e-6  # s


class PhonemeScores:
    """The best paths of keywords in one stream, as its frames arrive (ours).

    Parameters
    ----------
    model : one that hears phonemes in the frames of a stream
    keywords : Q of them
    """

    def __init__(self, model: SpeechModel, keywords: Sequence[Keyword]):
        assert model.blank is not None
        assert model.stream is not None
        self._model, self._frame = model, model.stream.frame_seconds
        self._paths = KeywordPaths([ids for one in keywords for ids in one.phonemes], model.blank)
        counts = np.array([len(one.phonemes) for one in keywords], np.int64)
        self._first = np.cumsum(counts) - counts
        self._most = np.array([most_frames(one, self._frame) for one in keywords], np.int64)
        self._from = 0  # number of the first frame whose paths are kept
        self._score = np.zeros((0, len(keywords)), np.float32)
        self._start = np.zeros((0, len(keywords)), np.int64)

    def push(self, frames: NDArray[np.float32]) -> None:
        """Hear the frames (T, d) that come next."""
        if len(frames):
            found = self._paths.push(self._model.log_probs(frames)[:, None])
            score, start = best_pronunciations(found[0][:, 0], found[1][:, 0], self._first)
            score[self._ends(len(self._score), score) - start > self._most] = -np.inf
            self._score, self._start = np.concatenate([self._score, score]), np.concatenate([self._start, start])

    def near(
        self, centre: NDArray[np.float64], known: NDArray[np.float64], own: Sequence[int], reach: float = NEAR
    ) -> NDArray[np.float32]:
        """(n, len(own)) as :func:`best_near` has it, of the keywords ``own``, in seconds of the stream."""
        score, start = self._score[:, own], self._start[:, own]
        end = self._ends(0, score) + np.zeros_like(start)
        return best_near(score, start * self._frame, end * self._frame, centre, known, reach)

    def best(self) -> NDArray[np.float32]:
        """(Q,) the best scores of all paths that are kept, at least ``LEAST``."""
        return self._score.max(0, initial=LEAST)

    def forget(self, before: float) -> None:
        """Keep no path that ends before so many seconds: nothing will be asked there."""
        gone = int(np.clip(np.floor(before / self._frame) - self._from, 0, len(self._score)))
        self._score, self._start = self._score[gone:], self._start[gone:]
        self._from += gone

    def _ends(self, behind: int, rows: NDArray) -> NDArray[np.int64]:
        """(T, 1) frames behind those of ``rows``, which are ``behind`` after the first that is kept."""
        return np.arange(self._from + behind, self._from + behind + len(rows))[:, None] + 1


def best_near(
    score: NDArray[np.float32],
    start: NDArray[np.floating],
    end: NDArray[np.floating],
    centre: NDArray[np.float64],
    known: NDArray[np.float64],
    reach: float = NEAR,
) -> NDArray[np.float32]:
    """(n, Q) the best scores of paths (T, Q) whose middle is within ``reach`` of a place, at least ``LEAST``.

    Parameters
    ----------
    score, start, end : (T, Q) of paths, in seconds
    centre, known : (n,) of places, ascending; paths that end after a place is known do not count there
    reach : seconds
    """
    found = np.full((len(centre), score.shape[1]), LEAST, np.float32)
    row, query = np.nonzero(score > LEAST)
    if not len(row) or not len(centre):
        return found
    score, end = score[row, query], end[row, query]
    middle = (start[row, query] + end) / 2
    first = np.searchsorted(centre, middle - reach - ROUNDING)
    past = np.searchsorted(centre, middle + reach + ROUNDING)
    for k in range(int((past - first).max())):
        place = np.minimum(first + k, len(centre) - 1)
        counts = (first + k < past) & (end <= known[place] + ROUNDING)
        np.maximum.at(found, (place[counts], query[counts]), score[counts])
    return found


def most_frames(keyword: Keyword, frame: float) -> int:
    """Frames of ``frame`` seconds that a keyword may take from its first phoneme to its last."""
    return max(len(min(keyword.phonemes, key=len)), round(SLOWEST * keyword.seconds / frame))


def best_pronunciations(
    score: NDArray[np.float32], start: NDArray[np.int32], first: NDArray[np.int64]
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """(T, Q) of the best pronunciation of each keyword, of (T, P); keyword q's are from ``first[q]`` on."""
    bounds = [*first.tolist(), score.shape[1]]
    best = [score[:, a:b].argmax(1) + a for a, b in pairwise(bounds)]
    rows = np.arange(len(score))[:, None]
    chosen = np.stack(best, 1) if best else np.zeros((len(score), 0), np.int64)
    return score[rows, chosen], start[rows, chosen].astype(np.int64)
