"""All that kwskit could detect in a recording, and its hits."""

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from kwskit import Spotter
from kwskit.spotting.hit_picker import REFRACTORY
from kwskit.spotting.peak_picker import PeakPicker
from spotters.spotter_face import KeywordDetection

LEAST = 0.0  # lower scores are of no use at any rate of false alarms


class KwskitDetector:
    """Peaks of every keyword's scores, which are the hits of any threshold, and the hits of the thresholds it sets.

    Parameters
    ----------
    model : directory
    keywords : typed
    fa_per_hour : asked for at enrolment
    files : of adapted keywords, by the name that they are told under
    """

    def __init__(
        self, model: str, keywords: Sequence[str], fa_per_hour: float, files: Mapping[str, str] = MappingProxyType({})
    ):
        self._spotter = Spotter.load(model)
        for keyword in keywords:
            if keyword in files:
                self._spotter.enrol(file=files[keyword], name=keyword, fa_per_hour=fa_per_hour)
            else:
                self._spotter.enrol(keyword, fa_per_hour=fa_per_hour)
        self._names = list(keywords)
        self._longest = max(length for keyword in self._spotter.keywords.values() for length in keyword.windows)
        self._begin()

    def hear(self, blocks: Iterable[NDArray[np.int16]]) -> tuple[list[KeywordDetection], list[KeywordDetection]]:
        """Peaks and hits of a recording, in blocks (samples,) int16 at 16 kHz."""
        peaks, hits = [], []
        for more in (*map(self.push, blocks), self.finish()):
            peaks += more[0]
            hits += more[1]
        return peaks, hits

    def push(self, block: NDArray[np.int16]) -> tuple[list[KeywordDetection], list[KeywordDetection]]:
        """Peaks and hits that are certain after ``block`` (samples,), int16 at 16 kHz."""
        hits = self._stream.push(block)
        return self._peaks(self._stream.seconds - 2 * self._longest), [KeywordDetection(*hit[:4]) for hit in hits]

    def finish(self) -> tuple[list[KeywordDetection], list[KeywordDetection]]:
        """Those that are certain as the recording ends; the next push begins another one."""
        hits = self._stream.finish()
        found = self._peaks(np.inf), [KeywordDetection(*hit[:4]) for hit in hits]
        self._begin()
        return found

    def _begin(self) -> None:
        self._stream = self._spotter.listen()
        self._picker = PeakPicker(len(self._names), REFRACTORY)

    def _peaks(self, seen: float) -> list[KeywordDetection]:
        score = np.where(self._stream.scores[1] >= LEAST, self._stream.scores[1], np.float32(-np.inf))
        listed = zip(
            *(column.tolist() for column in self._picker.push(*self._stream.windows, score, seen)), strict=True
        )
        return [KeywordDetection(self._names[query], *rest) for query, *rest in listed]
