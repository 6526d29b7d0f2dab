"""Strided convolution, batch normalisation and ReLU over the time of padded words."""

from torch import Tensor, nn

from kwskit.batch import length_mask
from kwskit.encoders.blocks.frames import lay_out
from kwskit.encoders.blocks.masked_batch_norm import MaskedBatchNorm
from kwskit.encoders.blocks.time_conv import TimeConv


class ConvBlock(nn.Module):
    """Convolution, batch normalisation, ReLU: ``(N, T, in), (N,) -> (N, ceil(T / stride), out), (N,)`` (ours).

    Padding frames must come in as 0 and go out as 0. An output frame is valid when the input frame it is
    centred on is, so that a word of ``n`` frames has ``ceil(n / stride)``.

    Parameters
    ----------
    in_channels, out_channels : sizes of a frame before and after
    kernel_size : taps
    stride : input frames an output frame
    groups : channel groups of the convolution
    """

    def __init__(self, in_channels: int, out_channels: int, kernel_size: int = 1, stride: int = 1, groups: int = 1):
        super().__init__()
        self.stride = stride
        self.conv = TimeConv(in_channels, out_channels, kernel_size, stride=stride, groups=groups)
        self.norm = MaskedBatchNorm(out_channels)

    def forward(self, frames: Tensor, lens: Tensor) -> tuple[Tensor, Tensor]:
        frames = self.conv(frames)
        lens = (lens + self.stride - 1).div(self.stride, rounding_mode="floor")
        layout = lay_out(length_mask(lens, frames.shape[1]))
        return layout.padded(self.norm(layout.rows(frames), layout.valid).relu()), lens
