"""Batch normalisation whose statistics leave padding out."""

from typing import Any

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
        if self.training and self.shared:
            moments = Moments.of(rows, valid)
            self._remember(moments.mean, moments.unbiased_var)
            return moments.normalised(rows, self.weight, self.bias, self.eps)
        # F.batch_norm refuses a single row. Asked for last, or else it would fix their number in exported graphs.
        if self.training and (valid is not None or len(rows) < 2):
            wide = rows if rows.dtype == torch.float64 else rows.float()
            weight = wide.new_ones(len(rows)) if valid is None else valid.flatten().to(wide.dtype)
            with torch.autocast(rows.device.type, enabled=False):
                result, mean, var = _Normalised.apply(wide, weight, self.weight, self.bias, self.eps)
            count = weight.sum()
            self._remember(mean, var * (count / (count - 1).clamp(min=1)))
            return result.to(rows.dtype)
        mean, var = self.running_mean, self.running_var
        return F.batch_norm(rows, mean, var, self.weight, self.bias, self.training, self.momentum, self.eps)

    @torch.no_grad()
    def _remember(self, mean: Tensor, var: Tensor) -> None:
        self.running_mean.lerp_(mean, self.momentum)
        self.running_var.lerp_(var, self.momentum)


class _Normalised(torch.autograd.Function):
    """Rows (M, C) normalised by the moments of those of weight 1; by hand, for a third of the passes over memory.

    A row that counts in the moments bends them, one that does not is only shifted and scaled.
    """

    @staticmethod
    def forward(
        ctx: Any, rows: Tensor, counts: Tensor, weight: Tensor, bias: Tensor, eps: float
    ) -> tuple[Tensor, Tensor, Tensor]:
        total = counts.sum().clamp(min=1)
        mean = _sum(counts, rows) / total
        centred = rows - mean
        var = _sum(counts, centred.square()) / total
        scale = torch.rsqrt(var + eps)
        ctx.save_for_backward(centred, counts, weight, scale, total)
        ctx.mark_non_differentiable(mean, var)
        return torch.addcmul(bias, centred, weight * scale), mean, var

    @staticmethod
    def backward(ctx: Any, gradient: Tensor, *_: Any) -> tuple[Tensor | None, ...]:
        centred, counts, weight, scale, total = ctx.saved_tensors
        ones = torch.ones_like(counts)
        shift = _sum(ones, gradient)
        stretch = _sum(ones, gradient * centred) * scale
        bent = torch.addcmul(shift, centred, stretch * scale).mul_(-weight * scale / total)
        to_rows = torch.addcmul(gradient * (weight * scale), counts.unsqueeze(1), bent)
        return to_rows, None, stretch, shift, None


def _sum(counts: Tensor, rows: Tensor) -> Tensor:
    """(C,) sum of rows (M, C), each ``counts`` (M,) times; on a CPU one pass, on a GPU products may have 10 bits."""
    return counts @ rows if rows.is_cpu else (counts.unsqueeze(1) * rows).sum(0)
