"""Windows of a stream, pooled of frames that are computed once."""

from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from kwskit.constants import SAMPLE_RATE
from kwskit.speech_model.frame_stream import FrameStream
from kwskit.speech_model.speech_model import SpeechModel
from kwskit.spotting.windows.listener import EncodedWindows
from kwskit.spotting.windows.window_cutter import WindowCutter, Windows

WINDOWS_AT_ONCE = 64


class FrameListener:
    """Overlapping windows of any lengths over one stream of frames: for an encoder that can stream.

    Lengths and hops are rounded to frames, at least one. Where frames are finer than the sound that one stands for
    (``span``), a window takes every ``span``-th. A window's times are those of the sound that its frames stand
    for; what the encoder looks back at lies before.

    Parameters
    ----------
    model : one that can stream
    seconds : lengths of the windows
    overlap : of neighbouring windows, as a share of their length
    hop : windows start at most so many seconds apart
    hear : is handed the frames (T, d), before the windows that they complete

    Raises
    ------
    ValueError
        When the model cannot stream, or a window is not longer than 0 s.
    """

    def __init__(
        self,
        model: SpeechModel,
        seconds: Sequence[float],
        overlap: float = 0.0,
        hop: float = np.inf,
        hear: Callable[[NDArray[np.float32]], None] | None = None,
    ):
        self._model, self._hear = model, hear
        self._frames = FrameStream(model)
        shape = self._frames.shape
        whole = shape.span * shape.frame_seconds  # that a frame stands for
        lengths = [max(1, round(length / whole)) * whole if length > 0 else length for length in seconds]
        self.cutter = WindowCutter(lengths, overlap, 1 / shape.frame_seconds, hop)
        self._received = 0  # samples

    @property
    def seen(self) -> float:
        return self.cutter.seen

    def push(self, pcm: NDArray[np.int16]) -> Iterator[EncodedWindows[NDArray[np.float32]]]:
        self._received += len(pcm)
        yield from self._encoded(self.cutter.push(self._heard(self._frames.push(pcm))))

    def finish(self) -> Iterator[EncodedWindows[NDArray[np.float32]]]:
        yield from self._encoded(self.cutter.push(self._heard(self._frames.finish())))
        yield from self._encoded(self.cutter.finish())

    def _heard(self, frames: NDArray[np.float32]) -> NDArray[np.float32]:
        if self._hear is not None:
            self._hear(frames)
        return frames

    def _encoded(self, cut: Iterable[Windows]) -> Iterator[EncodedWindows[NDArray[np.float32]]]:
        frame, end = self._frames.shape.frame_seconds, self._received / SAMPLE_RATE
        for starts, frames in cut:
            for at in range(0, len(starts), WINDOWS_AT_ONCE):
                few = slice(at, at + WINDOWS_AT_ONCE)
                start = starts[few].astype(np.float64) * frame
                stop = np.minimum(start + frames.shape[1] * frame, end)
                yield EncodedWindows(start, stop, self._model.embed_frames(frames[few, :: self._frames.shape.span]))
