"""The phonemes that a model hears where no keyword is said."""

from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kwskit.speech_model.speech_model import SpeechModel
from kwskit.spotting.keyword import Keyword
from kwskit.spotting.keyword_paths import DOUBT, KeywordPaths
from kwskit.spotting.phoneme_scores import best_near, best_pronunciations, most_frames

STREAM = 1_000  # frames that are searched in one go, side by side with all others
STEPS = 50  # of these at once, so that memory stays small
FINE = 31 / DOUBT  # steps of a cost; few, so that they pack well


@dataclass(frozen=True, eq=False)
class PhonemeBackground:
    """How much less likely each token is than the likeliest, in the frames of recordings that follow each other (ours).

    Attributes
    ----------
    costs : (F, V) uint8, ``FINE`` steps of log-probability
    begin : (R,) seconds at which each recording begins among the background's windows
    first : (R,) int64, its first frame
    blank : id of CTC's blank
    frame : seconds of a frame
    """

    costs: NDArray[np.uint8]
    begin: NDArray[np.float64]
    first: NDArray[np.int64]
    blank: int
    frame: float
    _last: dict[tuple, tuple[NDArray[np.float32], NDArray[np.int64]]] = field(default_factory=dict)

    def near(self, keyword: Keyword, centre: NDArray[np.float64], known: NDArray[np.float64]) -> NDArray[np.float32]:
        """(n,) as :func:`~kwskit.spotting.phoneme_scores.best_near` has it, of a keyword at places of the windows."""
        key = keyword.phonemes, keyword.seconds
        paths = self._last.get(key)  # asked for twice and more at every enrolment
        if paths is None:
            paths = self._paths(keyword)
            self._last.clear()
            self._last[key] = paths
        score, start = paths
        end = np.arange(1, len(score) + 1)
        own = np.searchsorted(self.begin, centre, side="right") - 1
        shift = self.first[own] * self.frame - self.begin[own]
        past = np.append(self.first[1:], len(score))[own] * self.frame
        times = start[:, None] * self.frame, end[:, None] * self.frame
        return best_near(score[:, None], *times, centre + shift, np.minimum(known + shift, past))[:, 0]

    def fits(self, model: SpeechModel) -> bool:
        """Whether ``model`` hears such phonemes in such frames."""
        return model.stream is not None and (self.blank, self.frame) == (model.blank, model.stream.frame_seconds)

    def arrays(self) -> dict[str, Any]:
        """For a file."""
        return {"costs": self.costs, "begin": self.begin, "first": self.first, "blank": self.blank, "frame": self.frame}

    @classmethod
    def of(cls, arrays: dict[str, NDArray[Any]]) -> "PhonemeBackground | None":
        """What :meth:`arrays` gave; None where there is none.

        Raises
        ------
        ValueError, KeyError
            When the arrays are not such.
        """
        if "costs" not in arrays:
            return None
        costs, begin, first = arrays["costs"], arrays["begin"], arrays["first"]
        blank, frame = int(arrays["blank"]), float(arrays["frame"])
        whole = (
            costs.dtype == np.uint8
            and costs.ndim == 2
            and begin.shape == first.shape == (len(first),)
            and len(first) > 0
            and first[0] == 0
            and bool((np.diff(first) >= 0).all() and (np.diff(begin) > 0).all())
            and first[-1] <= len(costs)
            and bool(np.isfinite(begin).all())
        )
        if not (whole and 0 <= blank < costs.shape[1] and 0 < frame < np.inf):
            raise ValueError("its phonemes do not fit together")
        return cls(costs, begin.astype(np.float64), first.astype(np.int64), blank, frame)

    def _paths(self, keyword: Keyword) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """(F,) scores of the best paths that end at each frame, and where these begin."""
        count = len(self.costs)
        warm = most_frames(keyword, self.frame) + 1  # frames before a stream, so that its first paths are whole
        streams = -(-count // STREAM)
        paths = KeywordPaths(keyword.phonemes, self.blank, streams)
        origin = np.arange(streams) * STREAM - warm
        score = np.zeros((warm + STREAM, streams), np.float32)
        start = np.zeros((warm + STREAM, streams), np.int64)
        restarts: dict[int, list[int]] = {}  # by row, streams in which a recording begins there
        for begun in self.first.tolist():
            for stream in range(begun // STREAM, streams):
                if begun < origin[stream]:
                    break
                restarts.setdefault(int(begun - origin[stream]), []).append(stream)
        bounds = sorted({*range(0, warm + STREAM, STEPS), warm + STREAM, *restarts})
        for at, until in pairwise(bounds):
            for stream in restarts.get(at, ()):
                paths.restart(stream)  # there is nothing before the first frame of a recording
            rows = np.arange(at, until)[:, None] + origin
            costs = self.costs[np.clip(rows, 0, count - 1)].astype(np.float32) / np.float32(-FINE)
            found = paths.push(costs)
            first = np.zeros(1, np.int64)
            for k in range(len(rows)):
                score[at + k], start[at + k] = (x[:, 0] for x in best_pronunciations(found[0][k], found[1][k], first))
        whole, begin = score[warm:].T.reshape(-1)[:count], (start[warm:] + origin).T.reshape(-1)[:count]
        end = np.arange(1, count + 1)
        whence = self.first[np.searchsorted(self.first, end - 1, side="right") - 1]  # of the recording
        whole[(begin < whence) | (end - begin > most_frames(keyword, self.frame))] = -np.inf
        return whole, begin


def costs_of(log_probs: NDArray[np.float32]) -> NDArray[np.uint8]:
    """(T, V) for :class:`PhonemeBackground`, of log-probabilities."""
    costs = np.minimum(log_probs.max(1, keepdims=True) - log_probs, DOUBT)
    return np.rint(costs * np.float32(FINE)).astype(np.uint8)
