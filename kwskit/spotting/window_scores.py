"""Keywords in a stream: windows that fit one are judged by their embeddings, together with neighbours, and phonemes."""

from collections.abc import Callable, Iterable

import numpy as np
from numpy.typing import NDArray

from kwskit.constants import SAMPLE_RATE
from kwskit.spotting.expected_duration import WINDOWS
from kwskit.spotting.keyword_queries import KeywordQueries
from kwskit.spotting.phoneme_scores import PhonemeScores
from kwskit.spotting.score_smoothing import NEAR, ScoreSmoothing
from kwskit.spotting.scored_windows import ScoredWindows
from kwskit.spotting.windows.listener import EncodedWindows, Listener

Embedded = EncodedWindows[NDArray[np.float32]]


class WindowScores:
    """Scores of keywords in the windows of one stream.

    Parameters
    ----------
    listen : makes a listener for windows of some lengths in seconds, which hands frames to a function, if there is one
    queries : the keywords
    phonemes : hears those of the keywords in the stream's frames; None for a model that does not
    """

    def __init__(
        self,
        listen: Callable[..., Listener[NDArray[np.float32]]],
        queries: KeywordQueries,
        phonemes: PhonemeScores | None = None,
    ):
        self._queries, self._phonemes = queries, phonemes
        self._lengths = sorted({length for keyword in queries.keywords for length in keyword.windows})
        self._listener = listen(self._lengths or WINDOWS[:1], None if phonemes is None else phonemes.push)
        self._received = 0
        self._whole: Embedded | None = None  # what has been heard of a stream that is shorter than a window
        fitting = [keyword.windows for keyword in queries.keywords]
        # Keywords that the same lengths fit.
        self._groups = {one: [k for k, own in enumerate(fitting) if own == one] for one in sorted(set(fitting))}
        self._smoothing = {one: ScoreSmoothing(one, len(own)) for one, own in self._groups.items()}
        self._told = dict.fromkeys(self._groups, 0.0)  # centre of the last place

    def push(self, pcm: NDArray[np.int16]) -> ScoredWindows:
        """The windows that ``pcm`` (samples,), int16 at 16 kHz, completes with their neighbours."""
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
        smoothed = [self._smoothed(one, windows, score, last) for one in self._groups]
        if self._lengths and self._received < round(self._lengths[-1] * SAMPLE_RATE):
            smoothed += self._of_whole(windows, last)
        if self._phonemes is not None:
            self._phonemes.forget(min(self._told.values(), default=0.0) - NEAR)
        return ScoredWindows.join([ScoredWindows.none(len(self._queries)), *smoothed])

    def _smoothed(
        self, lengths: tuple[float, ...], windows: Embedded, score: NDArray[np.float32], last: bool
    ) -> ScoredWindows:
        smoothing, own = self._smoothing[lengths], self._groups[lengths]
        found = [smoothing.push(windows.start, windows.stop, score[:, own])]
        if last:
            found.append(smoothing.finish())
        start, stop, few, known = (np.concatenate(column) for column in zip(*found, strict=True))
        if len(start):
            self._told[lengths] = float((start[-1] + stop[-1]) / 2)
        every = np.full((len(start), len(self._queries)), -np.inf, np.float32)
        every[:, own] = few
        places = ScoredWindows(start, stop, known, every)
        if self._phonemes is None:
            return places
        heard = np.zeros_like(every)
        heard[:, own] = self._phonemes.near((start + stop) / 2, known, own)
        return places.with_phonemes(heard)

    def _of_whole(self, windows: Embedded, last: bool) -> list[ScoredWindows]:
        """A stream shorter than all windows of a keyword is one window of it."""
        first = np.flatnonzero(windows.start == 0)
        if len(first):
            self._whole = EncodedWindows(windows.start[first[-1:]], windows.stop[first[-1:]], windows.kept[first[-1:]])
        if not last or self._whole is None:
            return []
        whole = self._whole
        found = ScoredWindows(whole.start, whole.stop, whole.stop, self._queries.whole_scores(whole))
        return [found if self._phonemes is None else found.with_phonemes(self._phonemes.best()[None])]
