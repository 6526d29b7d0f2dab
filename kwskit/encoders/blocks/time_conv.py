"""Convolution over time of frames stored channels last."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

WIDEST = 1000  # frames between taps: 10 s, by which words are padded


class TimeConv(nn.Conv1d):
    """1-D convolution over the time axis of ``(N, T, in) -> (N, ceil(T / stride), out)``, zero padded by default.

    Weights are those of ``nn.Conv1d``. The sum itself is a channels-last 2-D convolution of height 1: on
    CPUs that path is up to three times faster than ``nn.Conv1d`` and, for one-frame kernels, up to twice as
    fast as ``nn.Linear``, and no transposed copy is ever made. Compiled, it is a matrix product of the frames that the
    taps see, or a sum over taps where every channel is a group, because compilers fix the length of a convolution's
    input and would compile anew for every other.

    Parameters
    ----------
    in_channels, out_channels : sizes of a frame before and after
    kernel_size : odd number of taps
    dilation : frames between taps
    relu : apply a ReLU to the result, in its place
    stride : input frames an output frame; output frame ``t`` is centred on input frame ``t * stride``
    groups : channel groups, as in ``nn.Conv1d``
    padded : by zeros on both sides; without them ``dilation * (kernel_size - 1)`` frames fewer come out
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int = 1,
        dilation: int = 1,
        relu: bool = False,
        stride: int = 1,
        groups: int = 1,
        padded: bool = True,
    ):
        if kernel_size % 2 == 0:
            raise ValueError(f"kernel_size must be odd to keep the number of frames, not {kernel_size}")
        if not 1 <= dilation <= WIDEST:
            raise ValueError(f"dilations must lie in 1 to {WIDEST:,} frames, not {dilation}")
        super().__init__(in_channels, out_channels, kernel_size, dilation=dilation, stride=stride, groups=groups)
        self.relu = relu
        self.reach = dilation * (kernel_size - 1) // 2 if padded else 0

    def forward(self, x: Tensor) -> Tensor:
        (taps,), (step,) = self.kernel_size, self.dilation
        if torch.compiler.is_dynamo_compiling() and self._is_product():
            return self._product(x, taps, step)
        # Over one row the first dilation means nothing, but with it ATen never falls back to its slow
        # convolution, which it otherwise takes on one thread for one-frame kernels.
        y = F.conv2d(
            x.unsqueeze(1).permute(0, 3, 1, 2),
            self.weight.unsqueeze(2),
            self.bias,
            stride=(1, *self.stride),
            padding=(0, self.reach),
            dilation=(2, step),
            groups=self.groups,
        )
        # In place before the view below: in place on a view, its gradient would be copied whole.
        y = y.relu_() if self.relu else y
        return y.permute(0, 2, 3, 1).squeeze(1)

    def _is_product(self) -> bool:
        return self.stride == (1,) and self.groups in (1, self.in_channels)

    def _product(self, x: Tensor, taps: int, step: int) -> Tensor:
        """The same."""
        if self.reach:
            x = F.pad(x, (0, 0, self.reach, self.reach))
        frames = x.shape[1] - step * (taps - 1)
        seen = [x[:, tap * step : tap * step + frames] for tap in range(taps)]
        if self.groups == 1:
            y = F.linear(torch.cat(seen, dim=-1), self.weight.transpose(1, 2).flatten(1), self.bias)
        else:
            y = torch.stack([part * self.weight[:, 0, tap] for tap, part in enumerate(seen)]).sum(0)
            y = y if self.bias is None else y + self.bias
        return y.relu() if self.relu else y
