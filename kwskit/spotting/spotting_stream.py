"""Keywords heard in one stream, as it arrives."""

from collections.abc import Callable, Iterable, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kwskit.constants import SAMPLE_RATE
from kwskit.spotting.expected_duration import WINDOWS
from kwskit.spotting.hit import Hit
from kwskit.spotting.hit_picker import REFRACTORY, HitPicker
from kwskit.spotting.keyword_queries import KeywordQueries
from kwskit.spotting.listener import EncodedWindows, Listener
from kwskit.spotting.sound import as_pcm

STEP = 0.24  # s of sound that small blocks are gathered to: a model is called a third as often as every 80 ms
Embedded = EncodedWindows[NDArray[np.float32]]


class SpottingStream:
    """One stream of sound, handed over in blocks of any size: hits do not depend on the sizes.

    Small blocks are gathered until there is a quarter of a second to listen to. Memory is bounded by the longest window
    and a block. Keywords that are enrolled later are heard by later streams.

    Parameters
    ----------
    listen : makes a listener for windows of some lengths in seconds
    queries : the keywords
    thresholds : (Q,) of them

    Attributes
    ----------
    scores : (n,) centres in seconds and (n, Q) scores of the windows that the last push or finish heard, by their end
    windows : (n,) starts and (n,) stops of the same, in seconds
    """

    windows: tuple[NDArray[np.float64], NDArray[np.float64]]
    scores: tuple[NDArray[np.float64], NDArray[np.float32]]

    def __init__(
        self,
        listen: Callable[[Sequence[float]], Listener[NDArray[np.float32]]],
        queries: KeywordQueries,
        thresholds: Sequence[float],
    ):
        self.queries = queries
        self._listen, self._thresholds = listen, thresholds
        self._lengths = sorted({length for keyword in queries.keywords for length in keyword.windows})
        self._refractory = [max(REFRACTORY, keyword.seconds) for keyword in queries.keywords]
        self.reset()

    @property
    def seconds(self) -> float:
        """Heard so far."""
        return self._received / SAMPLE_RATE

    def reset(self) -> None:
        """Forget the stream and begin another, at 0 s."""
        self._listener = self._listen(self._lengths or WINDOWS[:1])
        self._picker = HitPicker(self._thresholds, self._refractory)
        self._received, self._finished = 0, False
        self._waiting: list[NDArray[np.int16]] = []
        self._whole: Embedded | None = None  # what has been heard of a stream that is shorter than a window
        self.windows = np.zeros(0), np.zeros(0)
        self.scores = np.zeros(0), np.zeros((0, len(self.queries)), np.float32)

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
        if sum(map(len, self._waiting)) < STEP * SAMPLE_RATE:
            return self._hits([])
        return self._hits(self._listener.push(self._arrived()))

    def finish(self) -> list[Hit]:
        """The hits that waited for the stream to go on."""
        if self._finished:
            return []
        self._finished = True
        if not len(self.queries):
            return []
        windows = [*self._listener.push(self._arrived()), *self._listener.finish()]
        return self._hits(windows, last=True) + self._hits_of(self._picker.finish())

    def best_score(self, blocks: Iterable[ArrayLike]) -> float:
        """The highest score of any keyword in all of a stream's ``blocks``; -inf when there is no sound."""
        best = -np.inf
        for block in blocks:
            self.push(block)
            best = max(best, float(self.scores[1].max(initial=-np.inf)))
        self.finish()
        return max(best, float(self.scores[1].max(initial=-np.inf)))

    def _arrived(self) -> NDArray[np.int16]:
        """The sound that has not been listened to."""
        arrived = np.concatenate([np.zeros(0, np.int16), *self._waiting])
        self._waiting.clear()
        return arrived

    def _hits(self, found: Iterable[Embedded], last: bool = False) -> list[Hit]:
        parts = list(found)
        if not parts:
            windows = EncodedWindows(
                np.zeros(0), np.zeros(0), np.zeros((0, self.queries.cohort.embeddings.shape[1]), np.float32)
            )
        else:
            start, stop = (np.concatenate([getattr(part, name) for part in parts]) for name in ("start", "stop"))
            order = np.lexsort((start, stop))
            windows = EncodedWindows(start[order], stop[order], np.concatenate([part.kept for part in parts])[order])
        score = self.queries.scores(windows)
        if self._lengths and self._received < round(self._lengths[-1] * SAMPLE_RATE):
            score, windows = self._with_whole(score, windows, last)
        self.windows = windows.start, windows.stop
        self.scores = (windows.start + windows.stop) / 2, score
        return self._hits_of(self._picker.push(windows.start, windows.stop, score))

    def _with_whole(self, score: NDArray, windows: Embedded, last: bool) -> tuple[NDArray, Embedded]:
        """A stream shorter than all windows of a keyword is one window of it."""
        first = np.flatnonzero(windows.start == 0)
        if len(first):
            self._whole = EncodedWindows(windows.start[first[-1:]], windows.stop[first[-1:]], windows.kept[first[-1:]])
        if last and self._whole is not None:
            whole = self._whole
            windows = EncodedWindows(
                np.append(windows.start, whole.start),
                np.append(windows.stop, whole.stop),
                np.concatenate([windows.kept, whole.kept]),
            )
            score = np.concatenate([score, self.queries.whole_scores(whole)])
        return score, windows

    def _hits_of(self, picks: Iterable) -> list[Hit]:
        return [
            Hit(self.queries.keywords[pick.query].name, pick.start, pick.stop, pick.score, self._thresholds[pick.query])
            for pick in picks
        ]
