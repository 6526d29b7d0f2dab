"""kwskit, enrolled by typing."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from spotters.kwskit_detector import KwskitDetector
from spotters.kwskit_spotter import KwskitSpotter
from spotters.spotter_face import KeywordDetection

from peers.peer import PeerSettings


class KwskitPeer:
    """A model, heard as it prefers to be."""

    detects = True

    def __init__(self, settings: PeerSettings, sweep: bool):
        self._settings, self._sweep = settings, sweep

    def enrol(self, keywords: Sequence[str]) -> None:
        model, rate = self._settings.model, self._settings.fa_per_hour
        self._spotter: KwskitDetector | KwskitSpotter
        if self._sweep:
            self._spotter = KwskitDetector(model, keywords, rate)
        else:
            self._spotter = KwskitSpotter(model, keywords, fa_per_hour=rate)

    def push(self, block: NDArray[np.int16]) -> Sequence[KeywordDetection]:
        return self._spotter.push(block)[0] if isinstance(self._spotter, KwskitDetector) else self._spotter.push(block)

    def finish(self) -> Sequence[KeywordDetection]:
        return self._spotter.finish()[0] if isinstance(self._spotter, KwskitDetector) else self._spotter.finish()
