"""What a model hears where no keyword is said."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from kwskit.atomic_write import atomic_write
from kwskit.constants import SAMPLE_RATE
from kwskit.speech_model.speech_model import SpeechModel
from kwskit.spotting.expected_duration import WINDOWS
from kwskit.spotting.hit_picker import REFRACTORY
from kwskit.spotting.keyword import Keyword
from kwskit.spotting.keyword_queries import nearest_window
from kwskit.spotting.peak_estimates import BackgroundError, PeakEstimates, highest
from kwskit.spotting.said_words import SaidWords
from kwskit.spotting.score_smoothing import ScoreSmoothing
from kwskit.spotting.vector_codes import VectorCodes

VERSION = 3
RANKED = 8_000  # windows of which peaks are looked for, at first


class _Stretch(NamedTuple):
    """The windows that fit a keyword, without those in which it is said: scores, centres, and hours listened to."""

    score: NDArray[np.float32]
    centre: NDArray[np.float64]
    hours: float


@dataclass(frozen=True, eq=False)
class Background(PeakEstimates):
    """What a model hears where no keyword is said: its windows, embedded, for thresholds of any keyword.

    Attributes
    ----------
    digest : of the model
    streaming : whether windows were made of the frames of a stream, or each by itself
    seconds : listened to
    start, stop : (n,) seconds of the windows; recordings follow each other, with some time between them
    codes : the embeddings
    mean, deviation : (n,) of the cosines with the cohort
    said : the words that are known to be said there
    hop : seconds between windows of a length
    windows : lengths in seconds that a listener was asked for
    """

    digest: str
    streaming: bool
    seconds: float
    start: NDArray[np.float64]
    stop: NDArray[np.float64]
    codes: VectorCodes
    mean: NDArray[np.float16]
    deviation: NDArray[np.float16]
    said: SaidWords
    hop: float
    windows: tuple[float, ...] = WINDOWS

    def peaks(self, keyword: Keyword, least: float | None = None) -> tuple[NDArray[np.float32], float]:
        stretch = self._stretch(keyword)
        if least is None:
            rank = min(RANKED, len(stretch.score))
            least = float(np.partition(stretch.score, -rank)[-rank]) if rank else 0.0
        return highest(stretch.score, stretch.centre, max(REFRACTORY, keyword.seconds), least), stretch.hours

    def fits(self, model: SpeechModel) -> bool:
        return self.digest == model.digest and self.codes.size == model.dim

    def with_digest(self, digest: str) -> "Background":
        return replace(self, digest=digest)

    def save(self, path: str | Path) -> None:
        arrays: dict[str, Any] = {name: getattr(self, name) for name in (*_SCALARS, "windows")}
        # Windows follow each other in equal steps: differences take next to no place.
        arrays |= {"start": np.diff(_samples(self.start), prepend=0), "length": _samples(self.stop - self.start)}
        arrays |= {name: getattr(self, name) for name in ("mean", "deviation")}
        with atomic_write(path) as partial, partial.open("wb") as file:
            np.savez_compressed(file, **{"version": VERSION, **arrays, **self.codes.arrays(), **self.said.arrays()})

    @classmethod
    def of_arrays(cls, arrays: dict[str, NDArray[Any]]) -> "Background":
        """What :meth:`save` has written.

        Raises
        ------
        ValueError, TypeError, KeyError
            When the arrays are not such.
        BackgroundError
            When they have windows that spotting has not.
        """
        start = np.cumsum(arrays["start"]) / SAMPLE_RATE
        found = cls(
            **{name: kind(arrays[name].item()) for name, kind in _SCALARS.items()},
            windows=tuple(arrays["windows"].tolist()),
            start=start,
            stop=start + arrays["length"] / SAMPLE_RATE,
            codes=VectorCodes.of_arrays(arrays),
            mean=arrays["mean"],
            deviation=arrays["deviation"],
            said=SaidWords.of(arrays),
        )
        if not found._fits_together():
            raise ValueError("its arrays do not fit together")
        if found.windows != WINDOWS:
            raise BackgroundError(
                f"recorded with windows of {_listed(found.windows)} s, but spotting has those of {_listed(WINDOWS)} s: "
                "record it again (kwskit calibrate MODEL RECORDINGS)"
            )
        return found

    def _fits_together(self) -> bool:
        count = len(self.start) if self.start.ndim == 1 else -1
        vectors = (self.start, self.stop, self.mean, self.deviation)
        return (
            all(one.shape == (count,) and one.dtype.kind == "f" and bool(np.isfinite(one).all()) for one in vectors)
            and len(self.codes) == count
            and self.seconds > 0
            and all(isinstance(seconds, float) for seconds in self.windows)
            and bool((self.deviation > 0).all())
        )

    def _stretch(self, keyword: Keyword) -> _Stretch:
        rows = np.flatnonzero(np.isin(np.array(WINDOWS)[nearest_window(self.stop - self.start)], keyword.windows))
        cosine = self.codes.products(rows, keyword.embeddings).max(1)
        score = (cosine - self.mean[rows].astype(np.float32)) / self.deviation[rows].astype(np.float32)
        smoothing = ScoreSmoothing(keyword.windows, 1)
        heard = [
            smoothing.push(self.start[rows], self.stop[rows], score[:, None]),
            smoothing.finish(),
        ]
        first, last, smoothed, _ = (np.concatenate(column) for column in zip(*heard, strict=True))
        kept, lost = np.ones(len(first), bool), 0.0
        for start, stop in self.said.times(keyword):
            kept &= (last <= start) | (first >= stop)
            lost += stop - start
        centre = (first[kept] + last[kept]) / 2
        return _Stretch(smoothed[kept, 0], centre, max(self.seconds - lost, 1.0) / 3600)


_SCALARS = {"digest": str, "streaming": bool, "hop": float, "seconds": float}


def _samples(seconds: NDArray[np.float64]) -> NDArray[np.int64]:
    return np.rint(seconds * SAMPLE_RATE).astype(np.int64)


def _listed(windows: tuple[float, ...]) -> str:
    return ", ".join(f"{seconds:g}" for seconds in windows[:10]) or "no"
