"""All that PocketSphinx could detect in a recording, and what it detects at a threshold."""

import math
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from spotters.pocketsphinx_spotter import PocketSphinxSpotter
from spotters.spotter_face import KeywordDetection

PERMISSIVE = 1e-60


class PocketSphinxDetector:
    """Detections with a threshold that lets nearly everything through, and those among them that one reaches.

    Parameters
    ----------
    keywords : of words in its dictionary
    threshold : ``kws_threshold``
    """

    def __init__(self, keywords: Sequence[str], threshold: float):
        self._spotter = PocketSphinxSpotter(keywords, PERMISSIVE, restart=False)
        self._least = math.log10(threshold)

    def hear(self, blocks: Iterable[NDArray[np.int16]]) -> tuple[list[KeywordDetection], list[KeywordDetection]]:
        """Both of a recording, in blocks (samples,) int16 at 16 kHz."""
        found: list[KeywordDetection] = []
        for block in blocks:
            found += self._spotter.push(block)
        found += self._spotter.finish()
        return found, [result for result in found if result.score >= self._least]
