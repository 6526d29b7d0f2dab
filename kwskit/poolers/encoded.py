"""Pooling by an encoder of its own."""

from typing import Any

from torch import Tensor, nn

from kwskit.arguments import PositiveInt
from kwskit.registry import register


@register("pooler", "encoded")
class Encoded(nn.Module):
    """An acoustic encoder over the last numbers of every ``stride``-th frame, then a pooler: ``(N, T, d) -> (N, dim)``.

    For streams whose frames are of two kinds (ours): phonemes are heard by the first numbers of a frame, and words are
    embedded by an encoder that runs over windows of the last ones.

    Parameters
    ----------
    encoder : of features of the size that it takes, to frames; it must not change their number
    pooler : of its frames
    stride : frames between two features
    """

    def __init__(self, encoder: nn.Module, pooler: nn.Module, stride: PositiveInt = 1):
        super().__init__()
        self.dim: Any = pooler.dim
        self.encoder, self.pooler, self.stride = encoder, pooler, stride

    def forward(self, frames: Tensor, mask: Tensor) -> Tensor:
        features = frames[:, :: self.stride, -self.encoder.num_features :]  # type: ignore[operator, misc]
        mask = mask[:, :: self.stride]
        encoded, _ = self.encoder(features, mask.sum(1))
        return self.pooler(encoded, mask)
