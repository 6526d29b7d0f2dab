"""The two functions that turn many violations into one number: ELSE and MSP (ADML section 3.1)."""

import torch
import torch.nn.functional as F
from torch import Tensor


def extended_logsumexp(x: Tensor, mask: Tensor | None = None, dim: int = -1) -> Tensor:
    """ELSE: log(1 + sum of exp(x)) over ``dim``; 0 over nothing (Wang et al. 2019; reconstruction).

    Parameters
    ----------
    x : (..., n); mask : same shape, bool, True = taken; both broadcast
    dim : the dimension to take together
    """
    if mask is not None:
        x = x.masked_fill(~mask, -torch.inf)
    # The 1 is exp(0), so 0 takes part in the maximum; this also keeps an all-masked row clear of inf - inf.
    top = x.detach().amax(dim, keepdim=True).clamp(min=0) if x.shape[dim] else x.new_zeros(())
    total = torch.exp(x - top).sum(dim, keepdim=True) + torch.exp(-top)
    return (total.log() + top).squeeze(dim)


def mean_softplus(x: Tensor, mask: Tensor | None = None, dim: int = -1, count: Tensor | None = None) -> Tensor:
    """MSP: mean of log(1 + exp(x)) over ``dim``; 0 over nothing (Yi et al. 2014; reconstruction).

    Parameters
    ----------
    x : (..., n); mask : same shape, bool, True = taken; both broadcast
    dim : the dimension to take together
    count : how many values the whole mean has, where ``x`` holds only a part; parts then add up to the mean
    """
    if mask is not None:
        x = x.masked_fill(~mask, -torch.inf)
    total = softplus(x).sum(dim)
    if count is None:
        count = torch.full_like(total, x.shape[dim]) if mask is None else mask.expand(x.shape).sum(dim)
    return total / count.clamp(min=1)


def softplus(x: Tensor) -> Tensor:
    """log(1 + exp(x)), exact to float64's last digits (PyTorch's own threshold of 20 is off by 2e-9)."""
    return F.softplus(x, threshold=40.0)
