"""Depthwise convolutions over time, whose gradients are computed by hand on a CPU."""

import pytest
import torch
from torch import nn

from kwskit.encoders.blocks.time_conv import TimeConv

SHAPES = [(kernel, dilation, padded) for kernel in (1, 3, 5) for dilation in (1, 2) for padded in (True, False)]


@pytest.mark.parametrize(("kernel", "dilation", "padded"), SHAPES)
def test_gradients_are_those_of_the_convolution_of_pytorch(kernel, dilation, padded):
    torch.manual_seed(0)
    ours = TimeConv(6, 6, kernel, dilation, groups=6, padded=padded).double()
    reach = dilation * (kernel - 1) // 2 if padded else 0
    theirs = nn.Conv1d(6, 6, kernel, padding=reach, dilation=dilation, groups=6).double()
    theirs.load_state_dict(ours.state_dict())
    x = torch.randn(3, 17, 6, dtype=torch.float64)
    ours_x, theirs_x = x.clone().requires_grad_(), x.clone().requires_grad_()
    y, wanted = ours(ours_x), theirs(theirs_x.transpose(1, 2)).transpose(1, 2)
    torch.testing.assert_close(y, wanted)
    weights = torch.randn_like(y)
    (y * weights).sum().backward()
    (wanted * weights).sum().backward()
    torch.testing.assert_close(ours_x.grad, theirs_x.grad)
    for (name, one), other in zip(ours.named_parameters(), theirs.parameters(), strict=True):
        torch.testing.assert_close(one.grad, other.grad, msg=name)


def test_with_mixed_precision_gradients_are_near_those_of_full_precision():
    torch.manual_seed(0)
    conv = TimeConv(8, 8, 5, 2, groups=8, padded=False)
    x = torch.randn(2, 40, 8)
    grads = []
    for mixed in (False, True):
        conv.zero_grad()
        with torch.autocast("cpu", torch.bfloat16, enabled=mixed):
            y = conv(x)
        assert y.dtype == (torch.bfloat16 if mixed else torch.float32)
        y.float().square().mean().backward()
        grads.append([one.grad.clone() for one in conv.parameters()])
    for full, rounded in zip(*grads, strict=True):
        assert rounded.dtype == torch.float32
        torch.testing.assert_close(rounded, full, rtol=0.05, atol=0.01)
