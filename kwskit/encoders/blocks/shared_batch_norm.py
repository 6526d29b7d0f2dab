"""Batch normalisation by the statistics of all processes that train together."""

from typing import cast

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from kwskit.encoders.blocks.masked_batch_norm import MaskedBatchNorm
from kwskit.encoders.blocks.moments import Moments


class SharedBatchNorm(_BatchNorm):
    """A stock batch normalisation that takes its statistics over all processes, with gradient.

    As ``nn.SyncBatchNorm``, but on CPUs too. It has the parameters and the state of the module that it replaces.

    Parameters
    ----------
    replaced : whose parameters and running statistics are used on
    """

    def __init__(self, replaced: _BatchNorm):
        super().__init__(
            replaced.num_features, replaced.eps, replaced.momentum, affine=False, track_running_stats=False
        )
        self.affine, self.track_running_stats = replaced.affine, replaced.track_running_stats
        self.weight, self.bias = replaced.weight, replaced.bias
        for name in ("running_mean", "running_var", "num_batches_tracked"):
            self._buffers[name] = replaced._buffers[name]
        self.train(replaced.training)

    def forward(self, x: Tensor) -> Tensor:
        """Normalise ``x`` (N, C, ...)."""
        if not self.training and self.running_mean is not None:
            return super().forward(x)
        channels_last = x.movedim(1, -1)
        rows = channels_last.flatten(0, -2)
        moments = Moments.of(rows, None)
        if self.training and self.running_mean is not None and self.running_var is not None:
            with torch.no_grad():
                tracked = cast(Tensor, self.num_batches_tracked).add_(1)
                momentum = 1 / tracked if self.momentum is None else self.momentum
                self.running_mean.lerp_(moments.mean, momentum)
                self.running_var.lerp_(moments.unbiased_var, momentum)
        normal = moments.normalised(rows, self.weight, self.bias, self.eps)
        return normal.view(channels_last.shape).movedim(-1, 1)

    def _check_input_dim(self, input: Tensor) -> None:
        if input.dim() < 2:
            raise ValueError(f"expected (N, C, ...), not {tuple(input.shape)}")


def share_batch_norm(module: nn.Module) -> None:
    """Let every batch normalisation inside ``module``, in place, take its statistics over all processes.

    Names and values of parameters and buffers stay as they are.
    """
    replaced: dict[nn.Module, nn.Module] = {}
    for parent in list(module.modules()):
        for name, child in parent.named_children():
            if isinstance(child, MaskedBatchNorm):
                child.shared = True
            elif isinstance(child, _BatchNorm) and not isinstance(child, nn.SyncBatchNorm | SharedBatchNorm):
                setattr(parent, name, replaced.setdefault(child, SharedBatchNorm(child)))
