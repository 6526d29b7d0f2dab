"""PocketSphinx's keyphrase search, enrolled by typing words of its dictionary."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from spotters.pocketsphinx_detector import PERMISSIVE
from spotters.pocketsphinx_spotter import PocketSphinxSpotter
from spotters.spotter_face import KeywordDetection

from peers.peer import PeerSettings, PeerUnavailable


class PocketSphinxPeer:
    """One keyphrase list; a score is the logarithm of the highest ``kws_threshold`` that accepts the detection."""

    detects = True

    def __init__(self, settings: PeerSettings, sweep: bool):
        self._threshold = PERMISSIVE if sweep else settings.kws_threshold
        self._restart = not sweep

    def enrol(self, keywords: Sequence[str]) -> None:
        try:
            self._spotter = PocketSphinxSpotter(keywords, self._threshold, self._restart)
        except ValueError as error:
            raise PeerUnavailable(f"PocketSphinx: {error}; --keyword names those to compare with") from error

    def push(self, block: NDArray[np.int16]) -> Sequence[KeywordDetection]:
        return self._spotter.push(block)

    def finish(self) -> Sequence[KeywordDetection]:
        return self._spotter.finish()
