"""All that kwskit could detect in a recording, and its hits."""

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from kwskit import Spotter
from kwskit.spotting.hit_picker import REFRACTORY
from kwskit.spotting.peak_picker import PeakPicker, Peaks
from spotters.spotter_face import KeywordDetection

LEAST = 0.0  # lower scores are of no use at any rate of false alarms


class KwskitDetector:
    """Peaks of every keyword's scores, which are the hits of any threshold, and the hits of the thresholds it sets.

    Parameters
    ----------
    model : directory
    keywords : typed
    fa_per_hour : asked for at enrolment
    """

    def __init__(self, model: str, keywords: Sequence[str], fa_per_hour: float):
        self._spotter = Spotter.load(model)
        for keyword in keywords:
            self._spotter.enrol(keyword, fa_per_hour=fa_per_hour)
        self._names = list(keywords)

    def hear(self, blocks: Iterable[NDArray[np.int16]]) -> tuple[list[KeywordDetection], list[KeywordDetection]]:
        """Peaks and hits of a recording, in blocks (samples,) int16 at 16 kHz."""
        stream = self._spotter.listen()
        picker = PeakPicker(len(self._names), REFRACTORY)
        longest = max(length for keyword in self._spotter.keywords.values() for length in keyword.windows)
        peaks, hits = [], []

        def take(seen: float) -> None:
            score = np.where(stream.scores[1] >= LEAST, stream.scores[1], np.float32(-np.inf))
            peaks.append(picker.push(*stream.windows, score, seen))

        for block in blocks:
            hits += stream.push(block)
            take(stream.seconds - 2 * longest)
        hits += stream.finish()
        take(np.inf)
        found = Peaks.join(peaks)
        listed = zip(*(column.tolist() for column in found), strict=True)
        return [KeywordDetection(self._names[query], *rest) for query, *rest in listed], [
            KeywordDetection(*hit[:4]) for hit in hits
        ]
