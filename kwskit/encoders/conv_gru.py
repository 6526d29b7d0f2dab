"""Convolutional-recurrent acoustic encoder."""

from collections.abc import Sequence

import torch.nn.functional as F
from torch import Tensor, nn

from kwskit.arguments import NonNegativeFloat, NonNegativeInt, PositiveInt
from kwskit.batch import length_mask
from kwskit.encoders.blocks.conv_block import ConvBlock
from kwskit.registry import register


@register("encoder", "conv_gru")
class ConvGru(nn.Module):
    """Convolutions, unidirectional GRU, dense layer: ``(N, T, F), (N,) -> (N, ceil(T / stride), dim), (N,)``.

    The defaults are the acoustic encoder of CMCD (Shin et al. 2022) as laid out in PhonMatchNet's code:
    convolutions of 128 and 256 filters over 5 frames, the first with stride 2, each with batch
    normalisation and ReLU; two GRUs of 128 units; a dense layer with LeakyReLU. PhonMatchNet's own
    convolutional stream (Lee and Cho 2023) is ``channels: [128, 128], kernel_size: 3, layers: 0, dim: null``.
    Padding never touches valid frames, in training neither, and comes out as 0.

    Parameters
    ----------
    num_features : F, size of an input frame
    channels : filters of each convolution
    kernel_size : taps of every convolution
    strides : of each convolution; their product is the subsampling
    hidden : units of the GRU
    layers : layers of the GRU; 0 leaves it out
    dim : size of an output frame; null leaves the dense layer out, and frames are the last layer's
    negative_slope : of the LeakyReLU; the default is Keras's, which the code of the paper uses
    """

    def __init__(
        self,
        num_features: PositiveInt = 40,
        channels: Sequence[PositiveInt] = (128, 256),
        kernel_size: PositiveInt = 5,
        strides: Sequence[PositiveInt] = (2, 1),
        hidden: PositiveInt = 128,
        layers: NonNegativeInt = 2,
        dim: PositiveInt | None = 128,
        negative_slope: NonNegativeFloat = 0.3,
    ):
        super().__init__()
        if len(channels) != len(strides):
            raise ValueError(f"channels and strides must be equally many, not {len(channels)} and {len(strides)}")
        self.num_features = num_features
        sizes = [num_features, *channels]
        self.convolutions = nn.ModuleList(
            ConvBlock(size, filters, kernel_size, stride)
            for size, filters, stride in zip(sizes[:-1], channels, strides, strict=True)
        )
        self.gru = nn.GRU(sizes[-1], hidden, layers, batch_first=True) if layers else None
        last = hidden if layers else sizes[-1]
        self.project = nn.Linear(last, dim) if dim is not None else None
        self.dim = last if dim is None else dim
        self.negative_slope = negative_slope

    def forward(self, feats: Tensor, lens: Tensor) -> tuple[Tensor, Tensor]:
        frames = feats.masked_fill(~length_mask(lens, feats.shape[1]).unsqueeze(-1), 0.0)
        for convolution in self.convolutions:
            frames, lens = convolution(frames, lens)
        # The GRU only looks back, and what follows a word's last frame is thrown away.
        if self.gru is not None:
            frames, _ = self.gru(frames)
        if self.project is not None:
            frames = F.leaky_relu(self.project(frames), self.negative_slope)
        return frames.masked_fill(~length_mask(lens, frames.shape[1]).unsqueeze(-1), 0.0), lens
