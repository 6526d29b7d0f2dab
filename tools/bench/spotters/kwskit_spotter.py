"""kwskit's Spotter behind the benchmarks' face."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from kwskit import Spotter
from spotters.spotter_face import KeywordDetection


class KwskitSpotter:
    """A model with keywords enrolled by typing.

    Parameters
    ----------
    model : directory, of a trained or of an exported model
    keywords : typed
    streaming : frames (True), windows (False), or as the model has it
    threshold : one for all; None for each keyword's own, for ``fa_per_hour`` false alarms
    fa_per_hour : asked for at enrolment
    """

    def __init__(
        self,
        model: str,
        keywords: Sequence[str],
        streaming: bool | None = None,
        threshold: float | None = None,
        fa_per_hour: float = 0.5,
    ):
        self.spotter = Spotter.load(model, streaming=streaming)
        for keyword in keywords:
            self.spotter.enrol(keyword, fa_per_hour=fa_per_hour, threshold=threshold)
        self._stream = self.spotter.listen()

    def push(self, pcm: NDArray[np.int16]) -> Sequence[KeywordDetection]:
        return [KeywordDetection(*hit[:4]) for hit in self._stream.push(pcm)]

    def finish(self) -> Sequence[KeywordDetection]:
        hits = self._stream.finish()
        self._stream.reset()
        return [KeywordDetection(*hit[:4]) for hit in hits]

    def whole(self, pcm: NDArray[np.int16]) -> Sequence[KeywordDetection]:
        return [KeywordDetection(*hit[:4]) for hit in self.spotter.spot(pcm)]
