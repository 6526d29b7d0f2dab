"""Batch normalisation whose statistics leave padding out."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class MaskedBatchNorm(nn.Module):
    """Batch normalisation of ``(N, T, C)`` frames over the valid frames only (ours).

    Equal to ``nn.BatchNorm1d`` over the valid frames taken out of their padding, so that what a batch
    is padded to changes neither its statistics nor the running ones. Padding frames come out arbitrary.

    Parameters
    ----------
    num_features : C
    eps : added to the variance
    momentum : share of a new batch in the running statistics
    """

    running_mean: Tensor
    running_var: Tensor

    def __init__(self, num_features: int, eps: float = 1e-5, momentum: float = 0.1):
        super().__init__()
        self.eps = eps
        self.momentum = momentum
        self.weight = nn.Parameter(torch.ones(num_features))
        self.bias = nn.Parameter(torch.zeros(num_features))
        self.register_buffer("running_mean", torch.zeros(num_features))
        self.register_buffer("running_var", torch.ones(num_features))

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        if not self.training:
            rows = x.flatten(0, 1)
            rows = F.batch_norm(rows, self.running_mean, self.running_var, self.weight, self.bias, eps=self.eps)
            return rows.view_as(x)
        valid = mask.unsqueeze(-1)
        values = x if x.dtype == torch.float64 else x.float()
        count = mask.sum().clamp(min=1).to(values.dtype)
        mean = (values * valid).sum((0, 1)) / count
        centred = values - mean
        var = (centred.square() * valid).sum((0, 1)) / count
        with torch.no_grad():
            self.running_mean.lerp_(mean, self.momentum)
            self.running_var.lerp_(var * (count / (count - 1).clamp(min=1)), self.momentum)
        return (centred * (self.weight * torch.rsqrt(var + self.eps)) + self.bias).to(x.dtype)
