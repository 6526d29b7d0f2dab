"""livekit-wakeword's front end, without a head."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from spotters.livekit_spotter import LiveKitSpotter
from spotters.spotter_face import KeywordDetection

from peers.peer import PeerSettings


class LiveKitPeer:
    """Its mel and embedding models, each frame once.

    The package has no head, and trains one for each wake word for hours: whatever were trained here in minutes would
    be no head of its users. So it is measured for its cost alone.
    """

    detects = False

    def __init__(self, settings: PeerSettings, sweep: bool):
        del settings, sweep

    def enrol(self, keywords: Sequence[str]) -> None:
        del keywords
        self._spotter = LiveKitSpotter([], "", once=True)

    def push(self, block: NDArray[np.int16]) -> Sequence[KeywordDetection]:
        return self._spotter.push(block)

    def finish(self) -> Sequence[KeywordDetection]:
        return self._spotter.finish()
