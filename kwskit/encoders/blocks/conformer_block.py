"""Conformer block."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from kwskit.encoders.blocks.masked_batch_norm import MaskedBatchNorm
from kwskit.encoders.blocks.time_conv import TimeConv


class ConformerBlock(nn.Module):
    """Half feed-forward, self-attention, convolution, half feed-forward: frames ``(N, T, dim) -> (N, T, dim)``.

    Source: Gulati et al. 2020, "Conformer", section 2. Padding never touches valid frames: attention looks
    at valid frames only, the convolution sees 0 beyond a word, and batch normalisation leaves padding out.
    Positions are relative, by rotation of queries and keys (Su et al. 2021) in place of
    Transformer-XL's.

    Parameters
    ----------
    dim : size of a frame
    heads : of the attention; ``dim / heads`` must be even
    kernel_size : odd number of taps of the depthwise convolution
    expansion : hidden units of the feed-forward layers by ``dim``
    dropout : after each part, in training
    """

    def __init__(self, dim: int, heads: int, kernel_size: int, expansion: int = 4, dropout: float = 0.1):
        super().__init__()
        self.heads, self.dropout = heads, dropout
        self.first, self.second = (
            nn.Sequential(
                nn.LayerNorm(dim),
                nn.Linear(dim, expansion * dim),
                nn.SiLU(),
                nn.Dropout(dropout),
                nn.Linear(expansion * dim, dim),
                nn.Dropout(dropout),
            )
            for _ in range(2)
        )
        self.attention_norm = nn.LayerNorm(dim)
        self.queries_keys_values = nn.Linear(dim, 3 * dim)
        self.merge = nn.Linear(dim, dim)
        self.convolution_norm = nn.LayerNorm(dim)
        self.widen = nn.Linear(dim, 2 * dim)
        self.depthwise = TimeConv(dim, dim, kernel_size, groups=dim)
        self.batch_norm = MaskedBatchNorm(dim)
        self.narrow = nn.Linear(dim, dim)
        self.last_norm = nn.LayerNorm(dim)

    def forward(self, x: Tensor, mask: Tensor, rotation: tuple[Tensor, Tensor]) -> Tensor:
        """``mask`` (N, T) bool; ``rotation`` the cosines and sines (T, dim / heads / 2) of :func:`rotations`."""
        x = x + 0.5 * self.first(x)
        x = x + F.dropout(self._attend(self.attention_norm(x), mask, rotation), self.dropout, self.training)
        x = x + F.dropout(self._convolve(self.convolution_norm(x), mask), self.dropout, self.training)
        x = x + 0.5 * self.second(x)
        return self.last_norm(x)

    def _attend(self, x: Tensor, mask: Tensor, rotation: tuple[Tensor, Tensor]) -> Tensor:
        queries, keys, values = self.queries_keys_values(x).unflatten(2, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        queries, keys = _rotate(queries, rotation), _rotate(keys, rotation)
        dropout = self.dropout if self.training else 0.0
        found = F.scaled_dot_product_attention(queries, keys, values, mask[:, None, None], dropout)
        return self.merge(found.transpose(1, 2).flatten(2))

    def _convolve(self, x: Tensor, mask: Tensor) -> Tensor:
        x = self.depthwise(F.glu(self.widen(x)).masked_fill(~mask.unsqueeze(-1), 0.0))
        normal = self.batch_norm(x.flatten(0, 1), mask.flatten().unsqueeze(1)).view_as(x)
        return self.narrow(F.silu(normal))


def rotations(length: int, size: int, like: Tensor) -> tuple[Tensor, Tensor]:
    """Cosines and sines (length, size / 2) of the angles that positions turn each pair of ``size`` numbers by."""
    rates = 10_000.0 ** (-torch.arange(0, size, 2, device=like.device) / size)
    angles = torch.arange(length, device=like.device)[:, None] * rates
    return angles.cos().to(like.dtype), angles.sin().to(like.dtype)


def _rotate(x: Tensor, rotation: tuple[Tensor, Tensor]) -> Tensor:
    cosines, sines = rotation
    a, b = x.chunk(2, dim=-1)
    return torch.cat((a * cosines - b * sines, a * sines + b * cosines), dim=-1).to(x.dtype)
