"""Sound that arrives in blocks, cut into overlapping windows."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

SAMPLE_RATE = 16_000


class Windows(NamedTuple):
    """Windows of one length: ``starts`` (n,) int64 in samples of the stream, ``pcm`` (n, samples) int16."""

    starts: NDArray[np.int64]
    pcm: NDArray[np.int16]


class WindowCutter:
    """Windows of several lengths over one stream.

    Windows of a length start at multiples of its hop, and the last one ends with the stream. A stream shorter than
    a length is one window. Neither depends on how the stream is cut into blocks.

    Parameters
    ----------
    seconds : lengths of the windows
    overlap : of neighbouring windows, as a share of their length

    Raises
    ------
    ValueError
        When a window is not longer than 0 s.
    """

    def __init__(self, seconds: Sequence[float], overlap: float):
        if not all(length > 0 for length in seconds):
            raise ValueError(f"a window must be longer than 0 s, not {min(seconds)}")
        self.sizes = sorted({round(length * SAMPLE_RATE) for length in seconds})
        self.hops = [max(1, round(size * (1 - overlap))) for size in self.sizes]
        self.received = 0  # samples
        self._next = [0] * len(self.sizes)
        self._kept = np.zeros(0, np.int16)

    @property
    def seen(self) -> float:
        """Seconds up to which all windows of which this is the centre have been cut."""
        return (self.received - self.sizes[-1] / 2) / SAMPLE_RATE

    def push(self, pcm: NDArray[np.int16]) -> Iterator[Windows]:
        """The windows that ``pcm`` (samples,) int16 completes, those of each length together."""
        self._kept = np.concatenate([self._kept, pcm])
        self.received += len(pcm)
        offset = self.received - len(self._kept)
        for k, (size, hop) in enumerate(zip(self.sizes, self.hops, strict=True)):
            count = (self.received - size - self._next[k]) // hop + 1
            if count > 0:
                first = self._next[k]
                # A view: the windows share their samples.
                views = sliding_window_view(self._kept[first - offset :], size)[::hop][:count]
                yield Windows(np.arange(count) * hop + first, views)
                self._next[k] += count * hop
        self._kept = self._kept[max(0, len(self._kept) - max(self.sizes[-1], self.received - min(self._next))) :]

    def finish(self) -> Iterator[Windows]:
        """The windows that end with the stream."""
        offset = self.received - len(self._kept)
        whole = self.received in self.sizes
        for size, hop, following in zip(self.sizes, self.hops, self._next, strict=True):
            start = max(0, self.received - size)
            if self.received == 0 or (following and start == following - hop) or (whole and start == 0):
                continue  # cut before
            whole = whole or self.received < size
            yield Windows(np.array([start]), self._kept[start - offset :][None])
