"""Keywords in a stream in two stages: phonemes find where they may be, embeddings judge these places."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from kwskit.speech_model.frame_stream import FrameStream
from kwskit.speech_model.speech_model import SpeechModel
from kwskit.spotting.keyword import Keyword
from kwskit.spotting.keyword_paths import KeywordPaths
from kwskit.spotting.keyword_queries import KeywordQueries
from kwskit.spotting.scored_windows import ScoredWindows
from kwskit.spotting.verifier import MARGINS, verified

LEAST = -2.5  # score of a path that is looked at
NEAR = 3  # frames within which a path is the best one
SLOWEST = 3.0  # times as long as expected that a keyword may take
AFTER = max(NEAR, *(after for _, after in MARGINS))  # frames that are waited for
BEFORE = max(before for before, _ in MARGINS)


class LocatedScores:
    """Scores of keywords at the places of one stream where their phonemes may be said (ours, as DS-KWS has two stages).

    Scores do not depend on how the stream is cut into blocks. Memory is bounded by the longest place and a block.

    Parameters
    ----------
    model : one that hears phonemes in the frames of a stream
    queries : the keywords, each with its phonemes
    """

    def __init__(self, model: SpeechModel, queries: KeywordQueries):
        assert model.blank is not None
        self._model, self._queries = model, queries
        self._frames = FrameStream(model)
        self._second = 1 / self._frames.shape.frame_seconds  # frames of a second
        self._paths = KeywordPaths([ids for one in queries.keywords for ids in one.phonemes], model.blank)
        counts = np.array([len(one.phonemes) for one in queries.keywords], np.int64)
        self._first = np.cumsum(counts) - counts
        self._most = np.array([most_frames(one, self._second) for one in queries.keywords], np.int64)
        self._kept = int(self._most.max(initial=0)) + BEFORE + AFTER + NEAR + 1
        self._heard = np.zeros((0, self._frames.shape.size), np.float32)  # the last frames
        self._score = np.full((0, len(queries)), -np.inf, np.float32)  # of the paths that end at these
        self._start = np.zeros((0, len(queries)), np.int64)
        self._from = 0  # number of the first of them
        self._next = 0  # number of the first whose paths have not been looked at

    def push(self, pcm: NDArray[np.int16]) -> ScoredWindows:
        """The places that ``pcm`` (samples,), int16 at 16 kHz, completes, by their end."""
        return self._scored(self._frames.push(pcm), last=False)

    def finish(self) -> ScoredWindows:
        """The places that waited for the stream to go on; nothing may be pushed afterwards."""
        return self._scored(self._frames.finish(), last=True)

    def _scored(self, frames: NDArray[np.float32], last: bool) -> ScoredWindows:
        if len(frames):
            found = self._paths.push(self._model.log_probs(frames)[:, None])
            score, start = best_pronunciations(found[0][:, 0], found[1][:, 0], self._first)
            self._heard = np.concatenate([self._heard, frames])
            self._score, self._start = np.concatenate([self._score, score]), np.concatenate([self._start, start])
        there = self._from + len(self._heard)
        until = max(self._next, there if last else there - AFTER)
        peak = peaks(self._score, LEAST)
        at, query = np.nonzero(peak[self._next - self._from : until - self._from])
        end = at + self._next
        begin = self._start[end - self._from, query]
        short = end - begin < self._most[query]
        end, begin, query = end[short], begin[short], query[short]
        phonemes = self._score[end - self._from, query]
        windows = [margins(self._heard, b - self._from, e - self._from) for b, e in zip(begin, end, strict=True)]
        judged = verified(self._model, self._queries, query, windows, phonemes)
        self._next = until
        gone = max(0, until - self._kept - self._from)
        self._heard, self._score, self._start = self._heard[gone:], self._score[gone:], self._start[gone:]
        self._from += gone
        frame = np.float64(self._frames.shape.frame_seconds)
        start, stop, seen = begin.astype(np.float64) * frame, (end + 1.0) * frame, float((until + 1) * frame)
        return ScoredWindows.of_places(start, stop, query, judged, len(self._queries), seen)


def most_frames(keyword: Keyword, second: float) -> int:
    """Frames, ``second`` of them in one, that a keyword may take from its first phoneme to its last."""
    return max(len(min(keyword.phonemes, key=len)), round(SLOWEST * keyword.seconds * second))


def best_pronunciations(
    score: NDArray[np.float32], start: NDArray[np.int32], first: NDArray[np.int64]
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """(T, Q) of the best pronunciation of each keyword, of (T, P); keyword q's are from ``first[q]`` on."""
    bounds = [*first.tolist(), score.shape[1]]
    best = [score[:, a:b].argmax(1) + a for a, b in pairwise(bounds)]
    rows = np.arange(len(score))[:, None]
    chosen = np.stack(best, 1) if best else np.zeros((len(score), 0), np.int64)
    return score[rows, chosen], start[rows, chosen].astype(np.int64)


def peaks(score: NDArray[np.float32], least: float) -> NDArray[np.bool_]:
    """(T, Q) whether each of (T, Q) is at least ``least`` and the highest, or the first such, for ``NEAR`` frames."""
    found = score >= least
    for k in range(1, min(NEAR, len(score) - 1) + 1):
        found[k:] &= score[k:] > score[:-k]
        found[:-k] &= score[:-k] >= score[k:]
    return found


def margins(frames: NDArray[np.float32], begin: int, end: int) -> Sequence[NDArray[np.float32]]:
    """Windows of frames (T, d) about the path from ``begin`` to ``end``."""
    return [frames[max(0, begin - before) : end + 1 + after] for before, after in MARGINS]
