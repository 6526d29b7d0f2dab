"""Convolution, ReLU and batch normalisation: the brick of ECAPA-TDNN."""

from torch import Tensor, nn

from kwskit.encoders.blocks.frames import Frames
from kwskit.encoders.blocks.masked_batch_norm import MaskedBatchNorm
from kwskit.encoders.blocks.time_conv import TimeConv


class TdnnBlock(nn.Module):
    """Convolution over time, ReLU, batch normalisation, in this order: rows ``(M, in) -> (M, out)``.

    Source: Desplanques et al. 2020, "ECAPA-TDNN", section 3.

    Parameters
    ----------
    in_channels, out_channels : sizes of a frame before and after
    kernel_size : taps
    dilation : frames between taps
    """

    def __init__(self, in_channels: int, out_channels: int, kernel_size: int = 1, dilation: int = 1):
        super().__init__()
        self.conv = TimeConv(in_channels, out_channels, kernel_size, dilation, relu=True)
        self.norm = MaskedBatchNorm(out_channels)

    def forward(self, rows: Tensor, frames: Frames) -> Tensor:
        return self.norm(frames.convolve(self.conv, rows), frames.valid)
