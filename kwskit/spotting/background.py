"""What a model hears where no keyword is said."""

import hashlib
from dataclasses import dataclass, replace
from functools import cached_property
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
from kwskit.spotting.phoneme_background import PhonemeBackground
from kwskit.spotting.phoneme_scores import WEIGHT
from kwskit.spotting.said_words import SaidWords
from kwskit.spotting.score_smoothing import ScoreSmoothing
from kwskit.spotting.vector_codes import VectorCodes

VERSION = 3
RANKED = 8_000  # windows of which peaks are looked for, at first
AT_ONCE = 16_384  # windows that are decoded together for an adapted keyword
BLOCK = 120.0  # s in a row that keywords are adapted with, or not


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
    phonemes : those that are heard there, of a model that hears them in a stream; else None
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
    phonemes: PhonemeBackground | None = None
    windows: tuple[float, ...] = WINDOWS

    def peaks(self, keyword: Keyword, least: float | None = None) -> tuple[NDArray[np.float32], float]:
        stretch = self._stretch(keyword)
        if least is None:
            rank = min(RANKED, len(stretch.score))
            least = float(np.partition(stretch.score, -rank)[-rank]) if rank else 0.0
        return highest(stretch.score, stretch.centre, max(REFRACTORY, keyword.seconds), least), stretch.hours

    @cached_property
    def identity(self) -> str:
        """What tells it from any other."""
        return hashlib.sha256(self.codes.codes.tobytes() + self.start.tobytes()).hexdigest()

    def for_adapting(self, keyword: Keyword) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Windows (n, dim) that fit a keyword, and their typed scores (n,), of the half that it may be trained with.

        That is every other block of two minutes; by the other half are set the thresholds of what was trained so.
        Windows in which the keyword is said are left out.
        """
        rows = self._rows(keyword)
        kept = _adapted_with((self.start[rows] + self.stop[rows]) / 2)
        for start, stop in self.said.times(keyword):
            kept &= (self.stop[rows] <= start) | (self.start[rows] >= stop)
        rows = rows[kept]
        return self.codes.vectors(rows), self._scores(rows, replace(keyword, head=None))

    def require_model(self, model: SpeechModel) -> None:
        """Refuse to go with another model than that which it was recorded with.

        Raises
        ------
        BackgroundError
            When it is another one, by its digest, or phonemes were heard by one of the two alone.
        """
        again = "record it again (kwskit calibrate MODEL RECORDINGS)"
        if self.digest != model.digest or self.codes.size != model.dim:
            raise BackgroundError(f"the background was recorded with another model than {model.name}: {again}")
        if (self.streaming and model.blank is not None) != (self.phonemes is not None):
            raise BackgroundError(f"the background of {model.name} was heard otherwise than spotting listens: {again}")
        if self.phonemes is not None and not self.phonemes.fits(model):
            raise BackgroundError(f"the background was recorded with another model than {model.name}: {again}")

    def with_digest(self, digest: str) -> "Background":
        """The same for a model of another digest that hears alike: an exported one."""
        return replace(self, digest=digest)

    def save(self, path: str | Path) -> None:
        """Write it, whole or not at all (OSError when it cannot be written)."""
        arrays: dict[str, Any] = {name: getattr(self, name) for name in (*_SCALARS, "windows")}
        # Windows follow each other in equal steps: differences take next to no place.
        arrays |= {"start": np.diff(_samples(self.start), prepend=0), "length": _samples(self.stop - self.start)}
        arrays |= {name: getattr(self, name) for name in ("mean", "deviation")}
        heard = {} if self.phonemes is None else self.phonemes.arrays()
        with atomic_write(path) as partial, partial.open("wb") as file:
            np.savez_compressed(
                file, **{"version": VERSION, **arrays, **heard, **self.codes.arrays(), **self.said.arrays()}
            )

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
            phonemes=PhonemeBackground.of(arrays),
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
        rows = self._rows(keyword)
        score = self._scores(rows, keyword)
        smoothing = ScoreSmoothing(keyword.windows, 1)
        heard = [
            smoothing.push(self.start[rows], self.stop[rows], score[:, None]),
            smoothing.finish(),
        ]
        first, last, smoothed, known = (np.concatenate(column) for column in zip(*heard, strict=True))
        centre, score = (first + last) / 2, smoothed[:, 0]
        if self.phonemes is not None:
            score = score + np.float32(WEIGHT) * self.phonemes.near(keyword, centre, known)
        trained = keyword.head is not None and keyword.head.background == self.identity
        kept = ~_adapted_with(centre) if trained else np.ones(len(first), bool)
        seconds = self.seconds * kept.sum() / max(len(kept), 1)
        for start, stop in self.said.times(keyword):
            kept &= (last <= start) | (first >= stop)
            seconds -= 0.0 if trained and _adapted_with(np.array([start])) else stop - start
        return _Stretch(score[kept], centre[kept], max(float(seconds), 1.0) / 3600)

    def _rows(self, keyword: Keyword) -> NDArray[np.int64]:
        """Windows that fit a keyword."""
        return np.flatnonzero(np.isin(np.array(WINDOWS)[nearest_window(self.stop - self.start)], keyword.windows))

    def _scores(self, rows: NDArray[np.int64], keyword: Keyword) -> NDArray[np.float32]:
        """Of the windows ``rows``."""
        cosine = self.codes.products(rows, keyword.embeddings).max(1)
        score = (cosine - self.mean[rows].astype(np.float32)) / self.deviation[rows].astype(np.float32)
        if keyword.head is not None:
            for at in range(0, len(rows), AT_ONCE):
                few = slice(at, at + AT_ONCE)
                score[few] = keyword.head(self.codes.vectors(rows[few]), score[few])
        return score


def _adapted_with(centre: NDArray[np.float64]) -> NDArray[np.bool_]:
    """(n,) whether windows with these centres are of the half that keywords are adapted with."""
    return np.floor(centre / BLOCK) % 2 == 0


_SCALARS = {"digest": str, "streaming": bool, "hop": float, "seconds": float}


def _samples(seconds: NDArray[np.float64]) -> NDArray[np.int64]:
    return np.rint(seconds * SAMPLE_RATE).astype(np.int64)


def _listed(windows: tuple[float, ...]) -> str:
    return ", ".join(f"{seconds:g}" for seconds in windows[:10]) or "no"
