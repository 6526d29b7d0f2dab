"""Conformer acoustic encoder."""

from typing import Annotated

import torch.nn.functional as F
from torch import Tensor, nn

from kwskit.arguments import Dropout, OneOf, PositiveInt
from kwskit.batch import length_mask
from kwskit.encoders.blocks.conformer_block import ConformerBlock, rotations
from kwskit.encoders.blocks.conv_block import ConvBlock
from kwskit.registry import register


@register("encoder", "conformer")
class Conformer(nn.Module):
    """Small Conformer: ``(N, T, F), (N,) -> (N, ceil(T / subsampling), dim), (N,)``.

    With ``subsampling`` 2 or 4, one or two convolutions of stride 2 come before the blocks. Padding never
    touches valid frames, in training neither, and comes out as 0. Source: Gulati et al. 2020; CED's encoder
    (Nishu et al. 2024) has 6 layers, 144 dimensions, 4 heads and kernel 3 on 80 mels.

    Parameters
    ----------
    num_features : F, size of an input frame
    dim : size of a frame
    layers : blocks
    heads : of the attention; ``dim / heads`` must be even
    kernel_size : odd number of taps of the depthwise convolutions
    expansion : hidden units of the feed-forward layers by ``dim``
    subsampling : 1, 2 or 4 input frames an output frame
    dropout : in training
    """

    def __init__(
        self,
        num_features: PositiveInt = 40,
        dim: PositiveInt = 144,
        layers: PositiveInt = 6,
        heads: PositiveInt = 4,
        kernel_size: PositiveInt = 3,
        expansion: PositiveInt = 4,
        subsampling: Annotated[int, OneOf((1, 2, 4))] = 1,
        dropout: Dropout = 0.1,
    ):
        if dim % (2 * heads):
            raise ValueError(f"dim must be a multiple of twice the heads: {dim} is no multiple of {2 * heads}")
        super().__init__()
        self.num_features = num_features
        self.dim = dim
        self.heads = heads
        self.dropout = dropout
        halvings = subsampling.bit_length() - 1
        sizes = [num_features] + [dim] * halvings
        self.subsample = nn.ModuleList(ConvBlock(size, dim, 3, 2) for size in sizes[:halvings])
        self.enter = nn.Linear(sizes[-1], dim)
        self.blocks = nn.ModuleList(ConformerBlock(dim, heads, kernel_size, expansion, dropout) for _ in range(layers))

    def forward(self, feats: Tensor, lens: Tensor) -> tuple[Tensor, Tensor]:
        frames = feats.masked_fill(~length_mask(lens, feats.shape[1]).unsqueeze(-1), 0.0)
        for halve in self.subsample:
            frames, lens = halve(frames, lens)
        mask = length_mask(lens, frames.shape[1])
        rotation = rotations(frames.shape[1], self.dim // self.heads, frames)
        frames = F.dropout(self.enter(frames), self.dropout, self.training)
        for block in self.blocks:
            frames = block(frames, mask, rotation)
        return frames.masked_fill(~mask.unsqueeze(-1), 0.0), lens
