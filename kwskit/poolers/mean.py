"""Mean pooling."""

from torch import Tensor, nn

from kwskit.arguments import PositiveInt
from kwskit.registry import register


@register("pooler", "mean")
class Mean(nn.Module):
    """Mean of the valid frames: ``(N, T, dim), (N, T) -> (N, dim)``; 0 where no frame is valid.

    Parameters
    ----------
    dim : size of a frame
    """

    def __init__(self, dim: PositiveInt = 256):
        super().__init__()
        self.dim = dim

    def forward(self, frames: Tensor, mask: Tensor) -> Tensor:
        total = frames.masked_fill(~mask.unsqueeze(-1), 0.0).sum(1)
        return total / mask.sum(1, keepdim=True).clamp(min=1)
