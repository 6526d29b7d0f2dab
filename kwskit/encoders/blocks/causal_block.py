"""Separable convolution that looks back only, with a residual."""

from torch import Tensor, nn

from kwskit.encoders.blocks.masked_batch_norm import MaskedBatchNorm
from kwskit.encoders.blocks.time_conv import TimeConv


class CausalBlock(nn.Module):
    """Depthwise and pointwise convolution over what has been heard: ``(N, past + T, C) -> (N, T, C)`` (ours).

    Each is followed by batch normalisation and ReLU, and the frame itself is added to the result.

    Parameters
    ----------
    channels : C
    kernel_size : odd number of taps of the depthwise convolution
    dilation : frames between taps
    """

    def __init__(self, channels: int, kernel_size: int, dilation: int):
        super().__init__()
        self.past = dilation * (kernel_size - 1)
        self.depthwise = TimeConv(channels, channels, kernel_size, dilation, groups=channels, padded=False)
        self.depthwise_norm = MaskedBatchNorm(channels)
        self.pointwise = TimeConv(channels, channels)
        self.pointwise_norm = MaskedBatchNorm(channels)

    def forward(self, frames: Tensor, valid: Tensor) -> Tensor:
        """``valid`` (N, T or more) bool: batch normalisation takes its statistics of these; its end is that of T."""
        x = normalised(self.depthwise(frames), self.depthwise_norm, valid).relu()
        x = normalised(self.pointwise(x), self.pointwise_norm, valid).relu()
        return x + frames[:, self.past :]


def normalised(frames: Tensor, norm: MaskedBatchNorm, valid: Tensor) -> Tensor:
    """``frames`` (N, T, C) through ``norm``, with the statistics of the last T columns of ``valid`` (N, T or more)."""
    rows = valid[:, valid.shape[1] - frames.shape[1] :].flatten().unsqueeze(1)
    return norm(frames.flatten(0, 1), rows).view_as(frames)
