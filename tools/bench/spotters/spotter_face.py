"""What the benchmarks ask of a keyword spotter."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray


class KeywordDetection(NamedTuple):
    """A keyword that was found, in seconds of the stream; a higher score is a surer one."""

    keyword: str
    start: float
    stop: float
    score: float


class SpotterFace(Protocol):
    """A spotter that has its keywords and hears one stream."""

    def push(self, pcm: NDArray[np.int16]) -> Sequence[KeywordDetection]:
        """What is certain after ``pcm`` (samples,), int16 at 16 kHz."""
        ...

    def finish(self) -> Sequence[KeywordDetection]:
        """What is certain as the stream ends; the next push begins another one."""
        ...

    def whole(self, pcm: NDArray[np.int16]) -> Sequence[KeywordDetection]:
        """All that is in a recording (samples,), by the fastest way there is."""
        ...
