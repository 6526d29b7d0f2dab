"""The three steps of a stream as modules of their own, so that each can be run and exported alone."""

from typing import Any

from torch import Tensor, nn

from kwskit.systems.dual_encoder import DualEncoder


class StreamFrontend(nn.Module):
    """Features (T, F) of a stretch of a stream (1, samples), 16 kHz in [-1, 1].

    Parameters
    ----------
    system : its ``stream`` is not None
    """

    def __init__(self, system: DualEncoder):
        super().__init__()
        self.frontend: Any = system.frontend

    def forward(self, wav: Tensor) -> Tensor:
        return self.frontend.stream_features(wav)[0]


class StreamFrames(nn.Module):
    """Frames (per_step * n, d) of n steps, of features (1, past + stride * n + ahead, F).

    Parameters
    ----------
    system : its ``stream`` is not None
    """

    def __init__(self, system: DualEncoder):
        super().__init__()
        self.system = system

    def forward(self, features: Tensor) -> Tensor:
        return self.system.stream_frames(features)[0]


class PooledFrames(nn.Module):
    """Unit embeddings (N, dim) of windows of frames (N, T, d).

    Parameters
    ----------
    system : its ``stream`` is not None
    """

    def __init__(self, system: DualEncoder):
        super().__init__()
        self.system = system

    def forward(self, frames: Tensor) -> Tensor:
        return self.system.pool_frames(frames)
