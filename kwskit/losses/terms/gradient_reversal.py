"""Gradient reversal layer."""

from typing import Any

import torch
from torch import Tensor


class GradientReversal(torch.autograd.Function):
    """Identity forward, gradient times minus ``factor`` backward (Ganin & Lempitsky 2015)."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, factor: float) -> Tensor:
        ctx.factor = factor
        return x.view_as(x)

    @staticmethod
    def backward(ctx: Any, *outer: Tensor) -> tuple[Tensor, None]:
        return outer[0] * -ctx.factor, None


def reverse_gradient(x: Tensor, factor: float = 1.0) -> Tensor:
    """``x`` (any shape), whose gradient is multiplied by minus ``factor`` on the way back."""
    return GradientReversal.apply(x, factor)
