"""What a model hears where no keyword is said."""

from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from kwskit.atomic_write import atomic_write
from kwskit.speech_model.speech_model import SpeechModel
from kwskit.spotting.expected_duration import WINDOWS
from kwskit.spotting.hit_picker import REFRACTORY
from kwskit.spotting.keyword import Keyword
from kwskit.spotting.keyword_queries import nearest_window
from kwskit.spotting.peak_estimates import BackgroundError, PeakEstimates, highest
from kwskit.spotting.said_words import SaidWords

VERSION = 1
AT_ONCE = 16_384  # windows compared at once
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
    codes : (n, dim) int8, the embeddings over ``scale``
    scale : (n,)
    mean, deviation : (n,) of the cosines with the cohort
    said : the words that are known to be said there
    hop : seconds between windows of a length; NaN where they were farther apart for longer ones
    windows : lengths in seconds that a listener was asked for
    """

    digest: str
    streaming: bool
    seconds: float
    start: NDArray[np.float64]
    stop: NDArray[np.float64]
    codes: NDArray[np.int8]
    scale: NDArray[np.float32]
    mean: NDArray[np.float32]
    deviation: NDArray[np.float32]
    said: SaidWords
    hop: float = float("nan")
    windows: tuple[float, ...] = WINDOWS

    def peaks(self, keyword: Keyword, least: float | None = None) -> tuple[NDArray[np.float32], float]:
        stretch = self._stretch(keyword)
        if least is None:
            rank = min(RANKED, len(stretch.score))
            least = float(np.partition(stretch.score, -rank)[-rank]) if rank else 0.0
        return highest(stretch.score, stretch.centre, max(REFRACTORY, keyword.seconds), least), stretch.hours

    def fits(self, model: SpeechModel) -> bool:
        return self.digest == model.digest and self.codes.shape[1] == model.dim

    def with_digest(self, digest: str) -> "Background":
        return replace(self, digest=digest)

    def save(self, path: str | Path) -> None:
        arrays: dict[str, Any] = {one.name: getattr(self, one.name) for one in fields(self) if one.name != "said"}
        with atomic_write(path) as partial, partial.open("wb") as file:
            np.savez_compressed(file, **{"version": VERSION, **arrays, **self.said.arrays()})

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
        # What an earlier kwskit has not written.
        arrays.setdefault("hop", np.array(np.nan))
        arrays.setdefault("windows", np.array(WINDOWS))
        values: dict[str, Any] = {one.name: arrays[one.name] for one in fields(cls) if one.name != "said"}
        values |= {name: kind(values[name].item()) for name, kind in _SCALARS.items()}
        values["windows"] = tuple(values["windows"].tolist())
        found = cls(**values, said=SaidWords.of(arrays))
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
        vectors = (self.start, self.stop, self.scale, self.mean, self.deviation)
        return (
            all(one.shape == (count,) and one.dtype.kind == "f" and bool(np.isfinite(one).all()) for one in vectors)
            and self.codes.ndim == 2
            and len(self.codes) == count
            and self.codes.dtype == np.int8
            and self.seconds > 0
            and all(isinstance(seconds, float) for seconds in self.windows)
            and bool((self.deviation > 0).all())
        )

    def _stretch(self, keyword: Keyword) -> _Stretch:
        fits = np.isin(np.array(WINDOWS)[nearest_window(self.stop - self.start)], keyword.windows)
        lost = 0.0
        for start, stop in self.said.times(keyword):
            fits &= (self.stop <= start) | (self.start >= stop)
            lost += stop - start
        rows = np.flatnonzero(fits)
        score = np.zeros(len(rows), np.float32)
        for at in range(0, len(rows), AT_ONCE):
            few = rows[at : at + AT_ONCE]
            cosine = (self.codes[few].astype(np.float32) @ keyword.embeddings.T).max(1) * self.scale[few]
            score[at : at + AT_ONCE] = (cosine - self.mean[few]) / self.deviation[few]
        centre = (self.start[rows] + self.stop[rows]) / 2
        return _Stretch(score, centre, max(self.seconds - lost, 1.0) / 3600)


_SCALARS = {"digest": str, "streaming": bool, "hop": float, "seconds": float}


def _listed(windows: tuple[float, ...]) -> str:
    return ", ".join(f"{seconds:g}" for seconds in windows[:10]) or "no"
