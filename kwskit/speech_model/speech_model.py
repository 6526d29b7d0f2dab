"""What spotting and searching ask of a trained model."""

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from kwskit.stream_shape import StreamShape


class SpeechModel(Protocol):
    """A trained model that keeps one embedding of an utterance, as arrays: in torch, or exported.

    Attributes
    ----------
    name : what a person calls it, such as its folder
    digest : hexadecimal digits that tell it from any other
    dim : size of the embeddings
    tokenizer : its ``encode(text)`` gives every pronunciation
    stream : how it makes frames of a stream, or None where it needs a whole window at once
    blank : id of CTC's blank in what ``log_probs`` gives, or None where no phonemes are heard in a stream's frames
    """

    name: str
    digest: str
    dim: int
    tokenizer: Any
    stream: StreamShape | None
    blank: int | None

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
        """Frames (per_step * n, d) of n steps, of features (past + stride * n + ahead, F)."""
        ...

    def embed_frames(self, frames: NDArray[np.float32]) -> NDArray[np.float32]:
        """Unit embeddings (N, dim) of N windows (N, T, d) of frames."""
        ...

    def log_probs(self, frames: NDArray[np.float32]) -> NDArray[np.float32]:
        """Log-probabilities (T, V) of tokens and blank at frames (T, d) of a stream; where ``blank`` is."""
        ...
