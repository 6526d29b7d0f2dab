"""Keywords in a stream in one stage: every window that fits one is judged by its embedding."""

from collections.abc import Callable, Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from kwskit.constants import SAMPLE_RATE
from kwskit.spotting.expected_duration import WINDOWS
from kwskit.spotting.keyword_queries import KeywordQueries
from kwskit.spotting.scored_windows import ScoredWindows
from kwskit.spotting.windows.listener import EncodedWindows, Listener

Embedded = EncodedWindows[NDArray[np.float32]]


class WindowScores:
    """Scores of keywords in the windows of one stream.

    Parameters
    ----------
    listen : makes a listener for windows of some lengths in seconds
    queries : the keywords
    """

    def __init__(self, listen: Callable[[Sequence[float]], Listener[NDArray[np.float32]]], queries: KeywordQueries):
        self._queries = queries
        self._lengths = sorted({length for keyword in queries.keywords for length in keyword.windows})
        self._listener = listen(self._lengths or WINDOWS[:1])
        self._received = 0
        self._whole: Embedded | None = None  # what has been heard of a stream that is shorter than a window

    def push(self, pcm: NDArray[np.int16]) -> ScoredWindows:
        """The windows that ``pcm`` (samples,), int16 at 16 kHz, completes, by their end."""
        self._received += len(pcm)
        return self._scored(self._listener.push(pcm), last=False)

    def finish(self) -> ScoredWindows:
        """The windows that end with the stream; nothing may be pushed afterwards."""
        return self._scored(self._listener.finish(), last=True)

    def _scored(self, found: Iterable[Embedded], last: bool) -> ScoredWindows:
        parts = list(found)
        if not parts:
            dim = self._queries.cohort.embeddings.shape[1]
            windows = EncodedWindows(np.zeros(0), np.zeros(0), np.zeros((0, dim), np.float32))
        else:
            start, stop = (np.concatenate([getattr(part, name) for part in parts]) for name in ("start", "stop"))
            order = np.lexsort((start, stop))
            windows = EncodedWindows(start[order], stop[order], np.concatenate([part.kept for part in parts])[order])
        score = self._queries.scores(windows)
        if self._lengths and self._received < round(self._lengths[-1] * SAMPLE_RATE):
            score, windows = self._with_whole(score, windows, last)
        return ScoredWindows(windows.start, windows.stop, score)

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
            score = np.concatenate([score, self._queries.whole_scores(whole)])
        return score, windows
