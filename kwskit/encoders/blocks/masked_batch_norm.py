"""Batch normalisation whose statistics leave padding out."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from kwskit.encoders.blocks.moments import Moments


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
    shared = False  # statistics are those of all processes

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
        # F.batch_norm refuses a single row. Asked for last, or else it would fix their number in exported graphs.
        if self.training and (valid is not None or self.shared or len(rows) < 2):
            return self._normalised(rows, Moments.of(rows, valid, self.shared))
        mean, var = self.running_mean, self.running_var
        return F.batch_norm(rows, mean, var, self.weight, self.bias, self.training, self.momentum, self.eps)

    def _normalised(self, rows: Tensor, moments: Moments) -> Tensor:
        with torch.no_grad():
            self.running_mean.lerp_(moments.mean, self.momentum)
            self.running_var.lerp_(moments.unbiased_var, self.momentum)
        return moments.normalised(rows, self.weight, self.bias, self.eps)
