"""Pooling by final states."""

import torch
from torch import Tensor, nn

from kwskit.arguments import PositiveInt
from kwskit.registry import register


@register("pooler", "ends")
class Ends(nn.Module):
    """Final states of both directions of a bidirectional encoder, then a linear layer: ``(N, T, in_dim) -> (N, dim)``.

    The forward half of the last valid frame and the backward half of the first one. Source: JMCL's
    encoders (final states joined, fully connected layer); the encoder before it takes ``dim: null``.

    Parameters
    ----------
    in_dim : size of a frame, forward states first
    dim : size of the embedding
    """

    def __init__(self, in_dim: PositiveInt = 512, dim: PositiveInt = 512):
        super().__init__()
        if in_dim % 2:
            raise ValueError(f"in_dim holds two directions and must be even, not {in_dim}")
        self.dim = dim
        self.project = nn.Linear(in_dim, dim)

    def forward(self, frames: Tensor, mask: Tensor) -> Tensor:
        frames = frames.masked_fill(~mask.unsqueeze(-1), 0.0)
        half = frames.shape[2] // 2
        last = (mask.sum(1) - 1).clamp(min=0)[:, None, None].expand(-1, 1, half)
        return self.project(torch.cat((frames[..., :half].gather(1, last).squeeze(1), frames[:, 0, half:]), dim=1))
