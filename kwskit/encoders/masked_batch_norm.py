"""Batch normalisation whose statistics leave padding out."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class MaskedBatchNorm(nn.Module):
    """Batch normalisation of frames ``(M, C)``, over the valid ones only (ours).

    Equal to ``nn.BatchNorm1d`` over the valid frames alone, so that what a batch is padded to changes
    neither its statistics nor the running ones. Padding frames come out arbitrary.

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

    def forward(self, rows: Tensor, valid: Tensor | None = None) -> Tensor:
        """Normalise ``rows`` (M, C); ``valid`` (M, 1) bool, or None when every row is valid."""
        if self.training and valid is None and len(rows) < 2:
            valid = rows.new_ones((len(rows), 1), dtype=torch.bool)  # F.batch_norm refuses a single row
        if self.training and valid is not None:
            return self._masked(rows, valid)
        mean, var = self.running_mean, self.running_var
        return F.batch_norm(rows, mean, var, self.weight, self.bias, self.training, self.momentum, self.eps)

    def _masked(self, rows: Tensor, valid: Tensor) -> Tensor:
        values = rows if rows.dtype == torch.float64 else rows.float()
        count = valid.sum().clamp(min=1).to(values.dtype)
        mean = (values * valid).sum(0) / count
        centred = values - mean
        var = (centred.square() * valid).sum(0) / count
        with torch.no_grad():
            self.running_mean.lerp_(mean, self.momentum)
            self.running_var.lerp_(var * (count / (count - 1).clamp(min=1)), self.momentum)
        return (centred * (self.weight * torch.rsqrt(var + self.eps)) + self.bias).to(rows.dtype)
