"""Statistics pooling."""

import torch
from torch import Tensor, nn

from kwskit.arguments import PositiveInt
from kwskit.poolers.weighted_statistics import uniform_weights, weighted_statistics
from kwskit.registry import register


@register("pooler", "statistics")
class Statistics(nn.Module):
    """Mean and standard deviation of the valid frames, then a linear layer: ``(N, T, in_dim) -> (N, dim)``.

    Source: Snyder et al. 2018, "X-vectors", statistics pooling.

    Parameters
    ----------
    in_dim : size of a frame
    dim : size of the embedding
    """

    def __init__(self, in_dim: PositiveInt = 256, dim: PositiveInt = 256):
        super().__init__()
        self.dim = dim
        self.project = nn.Linear(2 * in_dim, dim)

    def forward(self, frames: Tensor, mask: Tensor) -> Tensor:
        frames = frames.masked_fill(~mask.unsqueeze(-1), 0.0)
        frames = frames if frames.dtype == torch.float64 else frames.float()
        return self.project(torch.cat(weighted_statistics(frames, uniform_weights(mask, frames.dtype)), dim=-1))
