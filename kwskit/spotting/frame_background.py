"""What a model that hears phonemes hears where no keyword is said: the frames of hours, packed."""

from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kwskit.atomic_write import atomic_write
from kwskit.speech_model.speech_model import SpeechModel
from kwskit.spotting.cohort_embeddings import CohortEmbeddings
from kwskit.spotting.hit_picker import REFRACTORY
from kwskit.spotting.keyword import Keyword
from kwskit.spotting.keyword_paths import DOUBT, KeywordPaths
from kwskit.spotting.keyword_queries import KeywordQueries
from kwskit.spotting.located_scores import AFTER, BEFORE, LEAST, best_pronunciations, margins, most_frames, peaks
from kwskit.spotting.peak_estimates import BackgroundError, PeakEstimates, highest
from kwskit.spotting.said_words import SaidWords
from kwskit.spotting.vector_codes import VectorCodes
from kwskit.spotting.verifier import verified

VERSION = 4
STREAM = 1_000  # frames that are searched in one go, side by side with all others
STEPS = 50  # of these at once, so that memory stays small
JUDGED = 300  # places that are judged, at first
FEWEST = 100  # and at least: of a long phrase hardly a path is looked at in a stream, but a threshold needs a tail
FINE = 255 / DOUBT  # steps of a cost


@dataclass(frozen=True, eq=False)
class FrameBackground(PeakEstimates):
    """The frames of recordings, 24 bytes for 192 numbers, in which any keyword is looked for as in a stream (ours).

    Attributes
    ----------
    digest : of the model
    seconds : listened to
    codes : frames of all recordings, one after the other
    frame : seconds of a frame
    said : the words that are known to be said there
    """

    digest: str
    seconds: float
    codes: VectorCodes
    frame: float
    said: SaidWords
    _model: SpeechModel | None = None
    _cohort: CohortEmbeddings | None = None
    _costs: NDArray[np.uint8] = field(default_factory=lambda: np.zeros((0, 0), np.uint8))
    _known: dict[tuple, tuple[NDArray[np.float32], float]] = field(default_factory=dict)

    streaming = True
    hop = float("nan")

    def fits(self, model: SpeechModel) -> bool:
        made = None if model.stream is None else (model.stream.size, model.stream.frame_seconds)
        return self.digest == model.digest and made == (self.codes.size, self.frame)

    def of(self, model: SpeechModel, cohort: CohortEmbeddings) -> "FrameBackground":
        self.require_model(model)
        parts = []
        for at in range(0, len(self.codes), STREAM):
            log_probs = model.log_probs(self.codes.vectors(slice(at, at + STREAM)))
            costs = np.minimum(log_probs.max(1, keepdims=True) - log_probs, DOUBT)
            parts.append(np.rint(costs * FINE).astype(np.uint8))
        return replace(self, _model=model, _cohort=cohort, _costs=np.concatenate(parts), _known={})

    def peaks(self, keyword: Keyword, least: float | None = None) -> tuple[NDArray[np.float32], float]:
        if self._model is None or self._cohort is None:
            raise BackgroundError("a background of frames needs its model: FrameBackground.of")
        key = keyword.phonemes, keyword.embeddings.tobytes(), least
        if key not in self._known:
            self._known[key] = self._peaks(keyword, self._model, self._cohort, least)
        return self._known[key]

    def _peaks(
        self, keyword: Keyword, model: SpeechModel, cohort: CohortEmbeddings, least: float | None
    ) -> tuple[NDArray[np.float32], float]:
        score, start = self._paths(keyword, model)
        end = np.flatnonzero(peaks(score[:, None], -2 * DOUBT)[:, 0])  # no path scores less that has all its phonemes
        begin = start[end]
        fits = (end - begin < most_frames(keyword, 1 / self.frame)) & (begin >= 0)
        lost = 0.0
        for first, last in self.said.times(keyword):
            fits &= ((end + 1) * self.frame <= first) | (begin * self.frame >= last)
            lost += last - first
        end, begin = end[fits], begin[fits]
        count = max(FEWEST, int((score[end] >= LEAST).sum()))
        kept = np.sort(np.argsort(-score[end], kind="stable")[: count if least is not None else min(count, JUDGED)])
        end, begin = end[kept], begin[kept]
        windows = []
        for b, e in zip(begin.tolist(), end.tolist(), strict=True):
            origin = max(0, b - BEFORE)
            windows.append(margins(self.codes.vectors(slice(origin, e + 1 + AFTER)), b - origin, e - origin))
        queries = KeywordQueries([keyword], cohort)
        judged = verified(model, queries, np.zeros(len(end), np.int64), windows, score[end])
        centre = (begin + end + 1) / 2 * self.frame
        found = highest(judged.score, centre, max(REFRACTORY, keyword.seconds), -np.inf if least is None else least)
        return found, max(self.seconds - lost, 1.0) / 3600

    def _paths(self, keyword: Keyword, model: SpeechModel) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """(n,) scores of the best paths that end at each frame, and where these begin."""
        assert model.blank is not None
        count = len(self._costs)
        warm = most_frames(keyword, 1 / self.frame) + 1  # frames before a stream, so that its first paths are whole
        streams = -(-count // STREAM)
        paths = KeywordPaths(keyword.phonemes, model.blank, streams)
        origin = np.arange(streams) * STREAM - warm
        score = np.zeros((warm + STREAM, streams), np.float32)
        start = np.zeros((warm + STREAM, streams), np.int64)
        bounds = [*range(0, warm, STEPS), *range(warm, warm + STREAM, STEPS), warm + STREAM]
        for at, until in pairwise(bounds):
            if at == warm:
                paths.restart(0)  # there is nothing before the first frame
            rows = np.arange(at, until)[:, None] + origin
            costs = self._costs[np.clip(rows, 0, count - 1)].astype(np.float32) / np.float32(-FINE)
            found = paths.push(costs)
            first = np.zeros(1, np.int64)
            for k in range(len(rows)):
                score[at + k], start[at + k] = (x[:, 0] for x in best_pronunciations(found[0][k], found[1][k], first))
        whole = score[warm:].T.reshape(-1)[:count]
        return whole, (start[warm:] + origin).T.reshape(-1)[:count]

    def with_digest(self, digest: str) -> "FrameBackground":
        return replace(self, digest=digest)

    def save(self, path: str | Path) -> None:
        with atomic_write(path) as partial, partial.open("wb") as file:
            arrays: dict[str, Any] = {name: getattr(self, name) for name in ("digest", "seconds", "frame")}
            np.savez_compressed(file, **{"version": VERSION, **arrays, **self.codes.arrays(), **self.said.arrays()})

    @classmethod
    def of_arrays(cls, arrays: dict[str, NDArray[Any]]) -> "FrameBackground":
        """What :meth:`save` has written.

        Raises
        ------
        ValueError, KeyError
            When the arrays are not such.
        """
        codes = VectorCodes.of_arrays(arrays)
        seconds, frame = float(arrays["seconds"]), float(arrays["frame"])
        if not (len(codes) and 0 < seconds < np.inf and 0 < frame < np.inf):
            raise ValueError("its arrays do not fit together")
        return cls(str(arrays["digest"]), seconds, codes, frame, SaidWords.of(arrays))
