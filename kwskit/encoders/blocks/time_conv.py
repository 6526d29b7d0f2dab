"""Convolution over time of frames stored channels last."""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

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
        by_hand = self.training and x.is_cpu and self._is_product() and 1 < self.groups == self.out_channels
        if by_hand and self.bias is not None:
            kind = torch.get_autocast_dtype("cpu") if torch.is_autocast_enabled("cpu") else x.dtype
            y = _Depthwise.apply(x.to(kind), self.weight.to(kind), self.bias.to(kind), step, self.reach)
            return y.relu() if self.relu else y
        y = _convolved(x, self.weight, self.bias, step, self.reach, self.stride[0], self.groups)
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


def _convolved(
    x: Tensor, weight: Tensor, bias: Tensor | None, dilation: int, reach: int, stride: int, groups: int
) -> Tensor:
    """(N, out, 1, T') of frames (N, T, in)."""
    # Over one row the first dilation means nothing, but with it ATen never falls back to its slow convolution, which it
    # otherwise takes on one thread for one-frame kernels.
    rows = x.unsqueeze(1).permute(0, 3, 1, 2)
    return F.conv2d(rows, weight.unsqueeze(2), bias, (1, stride), (0, reach), (2, dilation), groups)


class _Depthwise(torch.autograd.Function):
    """Every channel by itself, with gradients by hand: ATen's on CPUs take twice as long, in bfloat16 six times."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor, dilation: int, reach: int) -> Tensor:
        ctx.save_for_backward(x, weight)
        ctx.dilation, ctx.reach = dilation, reach
        return _convolved(x, weight, bias, dilation, reach, 1, len(weight)).permute(0, 2, 3, 1).squeeze(1)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        x, weight = ctx.saved_tensors
        taps, frames, channels = weight.shape[2], gradient.shape[1], len(weight)
        mirrored, reach = weight.flip(2), ctx.dilation * (taps - 1) - ctx.reach
        to_x = _convolved(gradient.contiguous(), mirrored, None, ctx.dilation, reach, 1, channels)
        x = F.pad(x, (0, 0, ctx.reach, ctx.reach))
        seen = (x[:, first : first + frames] for first in range(0, ctx.dilation * taps, ctx.dilation))
        to_weight = torch.stack([(gradient * part).sum((0, 1)) for part in seen], 1).unsqueeze(1)
        return to_x.permute(0, 2, 3, 1).squeeze(1), to_weight, gradient.sum((0, 1)), None, None
