"""Sinusoidal positions."""

import math

import torch
from torch import Tensor


def sinusoids(length: int, size: int, like: Tensor) -> Tensor:
    """(length, size) sines in the even and cosines in the odd places, of ``like``'s type and device.

    Source: Vaswani et al. 2017, section 3.5. ``size`` must be even.
    """
    rates = torch.exp(torch.arange(0, size, 2, device=like.device) * (-math.log(10_000.0) / size))
    angles = torch.arange(length, device=like.device)[:, None] * rates
    return torch.stack((angles.sin(), angles.cos()), dim=-1).flatten(1).to(like.dtype)
