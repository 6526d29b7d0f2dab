"""Keywords heard in one stream, as it arrives."""

from collections.abc import Callable, Iterable, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kwskit.constants import SAMPLE_RATE
from kwskit.spotting.hit import Hit
from kwskit.spotting.hit_picker import REFRACTORY, HitPicker, Pick
from kwskit.spotting.keyword_queries import KeywordQueries
from kwskit.spotting.phoneme_scores import WEIGHT
from kwskit.spotting.scored_windows import ScoredWindows
from kwskit.spotting.sound import as_pcm
from kwskit.spotting.window_scores import WindowScores
from kwskit.stream_shape import StreamShape

# Seconds of sound that small blocks are gathered to: a model is called a third as often as every 80 ms, and where it
# looks back further than ``FAR``, which costs it as much as what is new, a fifth.
STEP, LONG_STEP = 0.24, 0.4
FAR = 1.0


def step_of(shape: StreamShape | None) -> float:
    """Seconds that small blocks are gathered to for a model that makes frames of a stream so, or None."""
    return LONG_STEP if shape is not None and shape.past * shape.hop > FAR * SAMPLE_RATE else STEP


class SpottingStream:
    """One stream of sound, handed over in blocks of any size: hits do not depend on the sizes.

    Small blocks are gathered until there is ``step`` to listen to. Memory is bounded by the longest window
    and a block. Keywords that are enrolled later are heard by later streams.

    Parameters
    ----------
    score : makes what scores the keywords of ``queries`` in a stream
    queries : the keywords
    thresholds : (Q,) of them
    step : seconds that small blocks are gathered to

    Attributes
    ----------
    heard : windows that the last push or finish heard, with their scores
    """

    heard: ScoredWindows

    def __init__(
        self,
        score: Callable[[KeywordQueries], WindowScores],
        queries: KeywordQueries,
        thresholds: Sequence[float],
        step: float = STEP,
    ):
        self.queries, self._step = queries, step
        self._score, self._thresholds = score, thresholds
        self._refractory = [max(REFRACTORY, keyword.seconds) for keyword in queries.keywords]
        self.reset()

    @property
    def seconds(self) -> float:
        """Heard so far."""
        return self._received / SAMPLE_RATE

    @property
    def scores(self) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
        """(n,) centres in seconds and (n, Q) scores of the windows that the last push or finish heard."""
        return (self.heard.start + self.heard.stop) / 2, self.heard.score

    @property
    def windows(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """(n,) starts and (n,) stops of the same, in seconds."""
        return self.heard.start, self.heard.stop

    def reset(self) -> None:
        """Forget the stream and begin another, at 0 s."""
        self._scores = self._score(self.queries)
        self._picker = HitPicker(self._thresholds, self._refractory)
        self._received, self._finished = 0, False
        self._waiting: list[NDArray[np.int16]] = []
        self.heard = ScoredWindows.none(len(self.queries))

    def push(self, pcm: ArrayLike) -> list[Hit]:
        """The hits that are certain after ``pcm`` (samples,), int16 or float in [-1, 1], at 16 kHz; by their end.

        Raises
        ------
        ValueError
            For samples of another type or shape, or after :meth:`finish`.
        """
        if self._finished:
            raise ValueError("the stream is finished: reset() begins another")
        samples = as_pcm(pcm)
        self._received += len(samples)
        if not len(self.queries):
            return []
        self._waiting.append(samples)
        if sum(map(len, self._waiting)) < self._step * SAMPLE_RATE:
            return self._hits(ScoredWindows.none(len(self.queries)))
        return self._hits(self._scores.push(self._arrived()))

    def finish(self) -> list[Hit]:
        """The hits that waited for the stream to go on."""
        if self._finished:
            return []
        self._finished = True
        if not len(self.queries):
            return []
        heard = ScoredWindows.join([self._scores.push(self._arrived()), self._scores.finish()])
        return self._hits(heard) + self._hits_of(self._picker.finish())

    def best_scores(self, blocks: Iterable[ArrayLike]) -> NDArray[np.float32]:
        """(Q,) the highest score of each keyword in all of a stream's ``blocks``; -inf when there is no sound."""
        found = []
        for block in blocks:
            self.push(block)
            found.append(self.heard.score.max(0, initial=-np.inf))
        self.finish()
        return np.max([*found, self.heard.score.max(0, initial=-np.inf)], 0)

    def _arrived(self) -> NDArray[np.int16]:
        """The sound that has not been listened to."""
        arrived = np.concatenate([np.zeros(0, np.int16), *self._waiting])
        self._waiting.clear()
        return arrived

    def _hits(self, heard: ScoredWindows) -> list[Hit]:
        self.heard = heard
        picked = self._picker.push(heard.start, heard.stop, heard.known, heard.score, heard.seen, heard.phonemes)
        return self._hits_of(picked)

    def _hits_of(self, picks: Iterable[Pick]) -> list[Hit]:
        names = [keyword.name for keyword in self.queries.keywords]
        hits = []
        for one in picks:
            hit = Hit(names[one.query], one.start, one.stop, one.score, self._thresholds[one.query])
            if one.phonemes is not None:
                hit = hit._replace(embedding=one.score - WEIGHT * one.phonemes, phonemes=one.phonemes)
            hits.append(hit)
        return hits
