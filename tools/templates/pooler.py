"""Maximum over frames: the pooler my_part."""

from torch import Tensor, nn

from kwskit.arguments import PositiveInt
from kwskit.registry import register


@register("pooler", "my_part")
class MyPart(nn.Module):
    """Maximum of the valid frames: ``(N, T, dim), (N, T) -> (N, dim)``; 0 where no frame is valid (ours).

    Parameters
    ----------
    dim : size of a frame
    """

    def __init__(self, dim: PositiveInt = 256):
        super().__init__()
        self.dim = dim

    def forward(self, frames: Tensor, mask: Tensor) -> Tensor:
        highest = frames.masked_fill(~mask.unsqueeze(-1), float("-inf")).amax(1)
        return highest.masked_fill(~mask.any(1, keepdim=True), 0.0)
