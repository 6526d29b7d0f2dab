"""The learnable scale of a softmax over cosines."""

import torch
from torch import Tensor, nn


class LearntScale(nn.Module):
    """exp(tau) with tau learnt, as in CLIP; weight decay leaves tau alone.

    Parameters
    ----------
    log_scale : tau at the start
    max_log_scale : tau is put back to this when a step has carried it further; None for no limit
    """

    def __init__(self, log_scale: float, max_log_scale: float | None = None):
        super().__init__()
        if max_log_scale is not None and log_scale > max_log_scale:
            raise ValueError(f"log_scale must be at most max_log_scale {max_log_scale}, not {log_scale}")
        self.max_log_scale = max_log_scale
        self.log_scale = nn.Parameter(torch.tensor(float(log_scale)))
        self.log_scale.weight_decay = 0.0  # type: ignore[attr-defined]

    def forward(self) -> Tensor:
        """The scale, a scalar."""
        if self.max_log_scale is not None:
            # Put back, not clamped in the graph, where a value past the limit would get no gradient and stay there.
            with torch.no_grad():
                self.log_scale.clamp_(max=self.max_log_scale)
        return self.log_scale.exp()
