"""What spotting and searching ask of a trained model."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class StreamShape:
    """How an encoder makes frames of a stream, each once.

    Feature ``t`` covers the samples from ``t * hop`` to ``t * hop + window``. Step ``i`` makes ``per_step`` frames of
    the features from ``stride * i - past`` to before ``stride * (i + 1)``; what lies before the stream counts as
    silence. They are those of the ``stride`` features that the step adds, so that no frame waits for later sound than
    its own.

    Attributes
    ----------
    window, hop : samples of a feature, and between features
    stride : features of a step
    past : features before a step's own that it looks at
    per_step : frames that a step makes
    floor : where not None, features are at least the loudest value of those of the last ``FLOOR_SECONDS`` less this
    """

    window: int
    hop: int
    stride: int
    past: int
    per_step: int
    floor: float | None = None

    @property
    def frame_seconds(self) -> float:
        """Seconds between frames."""
        return self.stride * self.hop / self.per_step / 16_000


class SpeechModel(Protocol):
    """A trained model that keeps one embedding of an utterance, as arrays: in torch, or exported.

    Attributes
    ----------
    name : what a person calls it, such as its folder
    digest : hexadecimal digits that tell it from any other
    dim : size of the embeddings
    tokenizer : its ``encode(text)`` gives every pronunciation
    stream : how it makes frames of a stream, or None where it needs a whole window at once
    """

    name: str
    digest: str
    dim: int
    tokenizer: Any
    stream: StreamShape | None

    def embed_windows(self, pcm: NDArray[np.int16]) -> NDArray[np.float32]:
        """Unit embeddings (N, dim) of N recordings (N, samples) of one length, int16 at 16 kHz."""
        ...

    def embed_tokens(self, tokens: Sequence[Sequence[int]]) -> NDArray[np.float32]:
        """Unit embeddings (N, dim) of N token sequences."""
        ...

    def features(self, pcm: NDArray[np.int16]) -> NDArray[np.float32]:
        """Features (T, F) of a stretch of a stream (samples,), not normalised over time; where ``stream`` is."""
        ...

    def frames(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        """Frames (per_step * n, d) of n steps, of features (past + stride * n, F)."""
        ...

    def embed_frames(self, frames: NDArray[np.float32]) -> NDArray[np.float32]:
        """Unit embeddings (N, dim) of N windows (N, T, d) of frames."""
        ...
