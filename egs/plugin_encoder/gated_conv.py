"""Gated convolutions: an acoustic encoder as a plugin."""

import torch
from torch import Tensor, nn

from kwskit.batch import length_mask
from kwskit.registry import register


@register("encoder", "gated_conv")
class GatedConv(nn.Module):
    """Residual gated convolutions with growing dilation: ``(N, T, F), (N,) -> (N, T, dim), (N,)``; Dauphin et al. 2017.

    Padding frames are set to 0 before every convolution, so that they never touch valid ones.

    Parameters
    ----------
    num_features : F, size of an input frame
    channels : filters
    layers : convolutions; the n-th has dilation 2 to the n
    dim : size of an output frame
    """

    def __init__(self, num_features: int = 40, channels: int = 128, layers: int = 4, dim: int = 256):
        super().__init__()
        self.dim = dim
        self.stem = nn.Conv1d(num_features, channels, 5, padding=2)
        self.convs = nn.ModuleList(
            nn.Conv1d(channels, 2 * channels, 3, padding=2**layer, dilation=2**layer) for layer in range(layers)
        )
        self.norms = nn.ModuleList(nn.LayerNorm(channels) for _ in range(layers))
        self.project = nn.Linear(channels, dim)

    def forward(self, feats: Tensor, lens: Tensor) -> tuple[Tensor, Tensor]:
        valid = length_mask(lens, feats.shape[1]).unsqueeze(-1)
        x = self.stem((feats * valid).transpose(1, 2)).transpose(1, 2)
        for conv, norm in zip(self.convs, self.norms, strict=True):
            x = x + torch.nn.functional.glu(conv((norm(x) * valid).transpose(1, 2)), dim=1).transpose(1, 2)
        return self.project(x) * valid, lens
