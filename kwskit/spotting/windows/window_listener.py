"""Windows of a stream, each encoded by itself."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from kwskit.constants import SAMPLE_RATE
from kwskit.spotting.windows.listener import EncodedWindows
from kwskit.spotting.windows.window_cutter import WindowCutter, Windows

WINDOWS_AT_ONCE = 256
T = TypeVar("T")


class WindowListener(Generic[T]):
    """Overlapping windows, encoded one by one: for any encoder, also one that looks at the whole of an utterance.

    Parameters
    ----------
    encode : windows (N, samples) int16 at 16 kHz to what is kept of them
    seconds, overlap, hop : as :class:`WindowCutter` takes them
    """

    def __init__(
        self,
        encode: Callable[[NDArray[np.int16]], T],
        seconds: Sequence[float],
        overlap: float = 0.0,
        hop: float = np.inf,
    ):
        self._encode = encode
        self.cutter = WindowCutter(seconds, overlap, hop=hop)

    @property
    def seen(self) -> float:
        return self.cutter.seen

    def push(self, pcm: NDArray[np.int16]) -> Iterator[EncodedWindows[T]]:
        return self._encoded(self.cutter.push(pcm))

    def finish(self) -> Iterator[EncodedWindows[T]]:
        return self._encoded(self.cutter.finish())

    def _encoded(self, cut: Iterable[Windows]) -> Iterator[EncodedWindows[T]]:
        for starts, pcm in cut:
            for at in range(0, len(starts), WINDOWS_AT_ONCE):
                few = slice(at, at + WINDOWS_AT_ONCE)
                start, stop = starts[few] / SAMPLE_RATE, (starts[few] + pcm.shape[1]) / SAMPLE_RATE
                yield EncodedWindows(start, stop, self._encode(pcm[few]))
