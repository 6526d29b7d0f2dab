"""What a model hears where no keyword is said."""

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from kwskit.atomic_write import atomic_write
from kwskit.speech_model.speech_model import SpeechModel
from kwskit.spotting.array_file import read_arrays
from kwskit.spotting.expected_duration import WINDOWS
from kwskit.spotting.false_alarm_rate import Threshold, rate_of_peaks, threshold_of_peaks
from kwskit.spotting.hit_picker import REFRACTORY
from kwskit.spotting.keyword import Keyword
from kwskit.spotting.keyword_queries import nearest_window
from kwskit.spotting.said_words import SaidWords

FILE = "background.npz"
VERSION = 1
LARGEST = 2**31  # bytes of a file's arrays; a file that announces more is not read
AT_ONCE = 16_384  # windows compared at once
RANKED = 8_000  # windows of which peaks are looked for, at first


class BackgroundError(ValueError):
    """A background that cannot be used; the message names the file."""


class _Stretch(NamedTuple):
    """The windows that fit a keyword, without those in which it is said: scores, centres, and hours listened to."""

    score: NDArray[np.float32]
    centre: NDArray[np.float64]
    hours: float


@dataclass(frozen=True, eq=False)
class Background:
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
        """Scores of a keyword's peaks, descending, and the hours in which they are.

        Windows in which the keyword itself is said are left out, with their time. Peaks are those that hits would be:
        the highest window, the highest that is not within the refractory time of it, and so on.

        Parameters
        ----------
        keyword : any, enrolled with this model
        least : peaks below it are left out; None gives those among the highest 2,000 windows
        """
        stretch = self._stretch(keyword)
        if least is None:
            rank = min(RANKED, len(stretch.score))
            least = float(np.partition(stretch.score, -rank)[-rank]) if rank else 0.0
        return _highest(stretch, max(REFRACTORY, keyword.seconds), least), stretch.hours

    def estimate(self, keyword: Keyword, fa_per_hour: float) -> Threshold:
        """The threshold of a keyword for ``fa_per_hour``, and whether it was counted or extrapolated.

        Raises
        ------
        ValueError
            When too little can be heard here, or the rate is not above 0.
        """
        peaks, hours = self.peaks(keyword)
        if hours * fa_per_hour >= len(peaks):
            peaks, hours = self.peaks(keyword, -np.inf)
        return threshold_of_peaks(peaks, hours, fa_per_hour)

    def threshold(self, keyword: Keyword, fa_per_hour: float) -> float:
        """The threshold of :meth:`estimate`."""
        return self.estimate(keyword, fa_per_hour).value

    def false_alarms(self, keyword: Keyword, threshold: float) -> float:
        """False alarms of a keyword an hour, by :func:`~kwskit.spotting.false_alarm_rate.rate_of_peaks`.

        It is the estimate by which :meth:`estimate` sets the threshold for a rate: at that threshold, that rate.
        """
        peaks, hours = self.peaks(keyword)
        if len(peaks) and threshold < peaks[-1]:
            peaks, hours = self.peaks(keyword, threshold)
        return rate_of_peaks(peaks, hours, threshold)

    def require_model(self, model: SpeechModel) -> None:
        """Refuse to go with another model than that which the background was recorded with.

        Raises
        ------
        BackgroundError
            When it is another one, by its digest.
        """
        if self.digest != model.digest or self.codes.shape[1] != model.dim:
            raise BackgroundError(
                f"the background was recorded with another model than {model.name}: record it again "
                "(kwskit calibrate MODEL RECORDINGS)"
            )

    def save(self, path: str | Path) -> None:
        """Write it, whole or not at all.

        Raises
        ------
        OSError
            When it cannot be written.
        """
        arrays: dict[str, Any] = {one.name: getattr(self, one.name) for one in fields(self) if one.name != "said"}
        with atomic_write(path) as partial, partial.open("wb") as file:
            np.savez_compressed(file, **{"version": VERSION, **arrays, **self.said.arrays()})

    @classmethod
    def read(cls, path: str | Path) -> "Background":
        """What :meth:`save` has written.

        Raises
        ------
        BackgroundError
            When the file is missing, damaged, something else, or has windows that spotting has not.
        """
        try:
            arrays = read_arrays(path, LARGEST)
            if "version" not in arrays or arrays["version"].shape or int(arrays["version"]) != VERSION:
                raise BackgroundError(f"{path}: no background that this kwskit reads: record it again")
            # What an earlier kwskit has not written.
            arrays.setdefault("hop", np.array(np.nan))
            arrays.setdefault("windows", np.array(WINDOWS))
            values: dict[str, Any] = {one.name: arrays[one.name] for one in fields(cls) if one.name != "said"}
            values |= {name: kind(values[name].item()) for name, kind in _SCALARS.items()}
            values["windows"] = tuple(values["windows"].tolist())
            found = cls(**values, said=SaidWords.of(arrays))
        except BackgroundError:
            raise
        except FileNotFoundError:
            raise BackgroundError(f"{path}: no such file") from None
        except (OSError, ValueError, TypeError, KeyError, MemoryError) as error:
            raise BackgroundError(f"{path}: no background, or damaged: {error}") from error
        if not found._fits_together():
            raise BackgroundError(f"{path}: damaged: its arrays do not fit together")
        if found.windows != WINDOWS:
            raise BackgroundError(
                f"{path}: recorded with windows of {_listed(found.windows)} s, but spotting has those of "
                f"{_listed(WINDOWS)} s: record it again (kwskit calibrate MODEL RECORDINGS)"
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


def _highest(stretch: _Stretch, refractory: float, least: float) -> NDArray[np.float32]:
    """Scores of the peaks that reach ``least``, descending."""
    kept = np.flatnonzero(stretch.score >= least)
    kept = kept[np.argsort(stretch.centre[kept], kind="stable")]
    centre, score = stretch.centre[kept], stretch.score[kept]
    first = np.searchsorted(centre, centre - refractory, side="right").tolist()
    past = np.searchsorted(centre, centre + refractory, side="left").tolist()
    alive = np.ones(len(kept), bool)
    found = []
    for k in np.argsort(-score, kind="stable").tolist():
        if alive[k]:
            found.append(k)
            alive[first[k] : past[k]] = False
    return score[found]
