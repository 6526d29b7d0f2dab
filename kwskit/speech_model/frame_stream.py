"""Frames of a stream, each computed once."""

import math

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from kwskit.constants import SAMPLE_RATE
from kwskit.speech_model.speech_model import SpeechModel
from kwskit.stream_shape import FLOOR_SECONDS

SAMPLES_AT_ONCE = 64_000


class FrameStream:
    """The frames of one stream, told as soon as the sound that they need has arrived, however it is cut into blocks.

    Before the stream and after it there is silence, as around the words of training. Where steps are finer than the
    sound that a frame stands for, each frame is the mean of ``span`` steps' around it: so it hardly matters where the
    steps of a stream begin (as in Zhang 2019, "Making convolutional networks shift-invariant again"). Memory is bounded
    by a block and by what one step looks at.

    Parameters
    ----------
    model : one that can stream

    Raises
    ------
    ValueError
        When it cannot.
    """

    def __init__(self, model: SpeechModel):
        if model.stream is None:
            raise ValueError(f"{model.name} cannot stream: it needs whole windows")
        self.shape = model.stream
        self._model = model
        self._pcm = np.zeros(0, np.int16)  # from the next feature on
        self._features: NDArray[np.float32] | None = None  # from the first that the next step looks at
        self._heard = self._made = 0  # features, and frames before they are averaged
        self._unaveraged: NDArray[np.float32] | None = None  # frames from the first that the next mean is of
        self._span = round(FLOOR_SECONDS * SAMPLE_RATE / self.shape.hop)
        self._loudest = np.full(self._span - 1, -np.inf, np.float32)  # of each feature

    def push(self, pcm: NDArray[np.int16]) -> NDArray[np.float32]:
        """The frames (m, size) that ``pcm`` (samples,), int16 at 16 kHz, completes."""
        parts = [self._push(pcm[at : at + SAMPLES_AT_ONCE]) for at in range(0, len(pcm), SAMPLES_AT_ONCE)]
        return self._averaged(np.concatenate([self._none(), *parts]))

    def finish(self) -> NDArray[np.float32]:
        """The frames (m, size) that waited for the stream to go on; nothing may be pushed afterwards."""
        shape, returned = self.shape, self._made
        parts = [self._none()]
        if self._heard == 0 and len(self._pcm):
            parts.append(self._push(np.zeros(shape.window - len(self._pcm), np.int16)))
        if self._features is not None:
            missing = -self._heard % shape.stride + shape.ahead
            after = self._silence(missing, self._loudest.max())
            self._features = np.concatenate([self._features, after])
            parts.append(self._steps(self._heard + missing))
        total = math.ceil(self._heard * shape.per_step / shape.stride)
        return self._averaged(np.concatenate(parts)[: total - returned], last=True)

    def _push(self, pcm: NDArray[np.int16]) -> NDArray[np.float32]:
        shape = self.shape
        self._pcm = np.concatenate([self._pcm, pcm])
        count = (len(self._pcm) - shape.window) // shape.hop + 1
        if count <= 0:
            return self._none()
        features = self._floored(self._model.features(self._pcm[: (count - 1) * shape.hop + shape.window]))
        self._pcm = self._pcm[count * shape.hop :]
        self._features = features if self._features is None else np.concatenate([self._features, features])
        self._heard += count
        return self._steps(self._heard)

    def _floored(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        if self.shape.floor is None:
            return features
        loudest = np.concatenate([self._loudest, features.max(1)])
        self._loudest = loudest[len(features) :]
        floor = sliding_window_view(loudest, self._span).max(1) - self.shape.floor
        return np.maximum(features, floor[:, None])

    def _steps(self, there: int) -> NDArray[np.float32]:
        """The frames of the steps that ``there`` features allow and that have not been made."""
        shape, features = self.shape, self._features
        count = (there - shape.ahead) // shape.stride - self._made // shape.per_step
        if features is None or count <= 0:
            return self._none()
        if self._made == 0:
            loudest = features[: min(shape.stride * shape.span, shape.stride + shape.ahead)].max()
            features = np.concatenate([self._silence(shape.past, loudest), features])
        self._features = features[count * shape.stride :]
        self._made += count * shape.per_step
        return self._model.frames(features[: shape.past + count * shape.stride + shape.ahead])

    def _averaged(self, frames: NDArray[np.float32], last: bool = False) -> NDArray[np.float32]:
        """The means that ``frames`` complete; the first and the last frame of a stream stand for those beyond."""
        span = self.shape.span
        if span == 1:
            return frames
        if self._unaveraged is None and len(frames):
            self._unaveraged = np.repeat(frames[:1], span // 2, 0)
        if self._unaveraged is None:
            return frames
        known = np.concatenate([self._unaveraged, frames])
        if last:
            known = np.concatenate([known, np.repeat(known[-1:], span - 1 - span // 2, 0)])
        count = max(0, len(known) - span + 1)
        self._unaveraged = known[count:].copy()
        total = self._none() if not count else known[:count].copy()
        for k in range(1, span if count else 0):  # in this order however many there are
            total += known[k : k + count]
        return total / np.float32(span)

    def _silence(self, count: int, loudest: np.floating) -> NDArray[np.float32]:
        """(count, F) features of silence next to sound as loud as ``loudest``."""
        value = loudest - (self.shape.floor or 0) if self.shape.silence is None else self.shape.silence
        assert self._features is not None
        return np.full((count, self._features.shape[1]), value, np.float32)

    def _none(self) -> NDArray[np.float32]:
        return np.zeros((0, self.shape.size), np.float32)
