"""Sound that arrives in blocks, cut into overlapping windows."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from kwskit.constants import SAMPLE_RATE


class Windows(NamedTuple):
    """Windows of one length: ``starts`` (n,) int64 in samples of the stream, ``pcm`` (n, samples) int16.

    Or the same of frames (n, frames, d).
    """

    starts: NDArray[np.int64]
    pcm: NDArray[Any]


class WindowCutter:
    """Windows of several lengths over one stream.

    Windows of a length start at multiples of its hop, and the last one ends with the stream. A stream shorter than
    a length is one window. Neither depends on how the stream is cut into blocks. Samples may be frames of any shape.

    Parameters
    ----------
    seconds : lengths of the windows
    overlap : of neighbouring windows, as a share of their length
    rate : samples a second
    hop : windows start at most so many seconds apart, whatever their overlap

    Raises
    ------
    ValueError
        When a window is not longer than 0 s.
    """

    def __init__(self, seconds: Sequence[float], overlap: float, rate: float = SAMPLE_RATE, hop: float = np.inf):
        if not all(length > 0 for length in seconds):
            raise ValueError(f"a window must be longer than 0 s, not {min(seconds)}")
        self.rate = rate
        self.sizes = sorted({max(1, round(length * rate)) for length in seconds})
        self.hops = [max(1, round(min(size * (1 - overlap), hop * rate))) for size in self.sizes]
        self.received = 0  # samples
        self._next = [0] * len(self.sizes)
        self._kept: NDArray[Any] | None = None

    @property
    def seen(self) -> float:
        """Seconds up to which all windows of which this is the centre have been cut."""
        return (self.received - self.sizes[-1] / 2) / self.rate

    def push(self, pcm: NDArray[Any]) -> Iterator[Windows]:
        """The windows that ``pcm`` (samples,) int16, or frames (n, d), completes, those of each length together."""
        self._kept = pcm if self._kept is None else np.concatenate([self._kept, pcm])
        self.received += len(pcm)
        offset = self.received - len(self._kept)
        for k, (size, hop) in enumerate(zip(self.sizes, self.hops, strict=True)):
            count = (self.received - size - self._next[k]) // hop + 1
            if count > 0:
                first = self._next[k]
                # A view: the windows share their samples.
                views = sliding_window_view(self._kept[first - offset :], size, axis=0)[::hop][:count]
                views = np.moveaxis(views, -1, 1)
                yield Windows(np.arange(count) * hop + first, views)
                self._next[k] += count * hop
        self._kept = self._kept[max(0, len(self._kept) - max(self.sizes[-1], self.received - min(self._next))) :]

    def finish(self) -> Iterator[Windows]:
        """The windows that end with the stream."""
        offset = self.received - (0 if self._kept is None else len(self._kept))
        whole = self.received in self.sizes
        for size, hop, following in zip(self.sizes, self.hops, self._next, strict=True):
            start = max(0, self.received - size)
            if (
                self._kept is None
                or self.received == 0
                or (following and start == following - hop)
                or (whole and start == 0)
            ):
                continue  # cut before
            whole = whole or self.received < size
            yield Windows(np.array([start]), self._kept[start - offset :][None])
