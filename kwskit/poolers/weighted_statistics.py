"""Weighted mean and standard deviation over time."""

import torch
from torch import Tensor

EPS = 1e-12


def weighted_statistics(frames: Tensor, weights: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation (N, C) of ``frames`` (N, T, C) under ``weights`` that sum to 1 over time.

    ``weights`` is (N, T, C) or (N, T, 1). The variance is floored at 1e-12, where its gradient stops, so
    that a constant channel has a finite gradient. Source: Desplanques et al. 2020, equations 2 and 3.
    """
    mean = (weights * frames).sum(1)
    centred = frames - mean.unsqueeze(1)
    return mean, (weights * centred.square()).sum(1).clamp(min=EPS).sqrt()


def uniform_weights(mask: Tensor, dtype: torch.dtype) -> Tensor:
    """(N, T, 1) weights, equal over the valid frames of ``mask`` (N, T), 0 elsewhere."""
    valid = mask.to(dtype)
    return (valid / valid.sum(1, keepdim=True).clamp(min=1)).unsqueeze(-1)
