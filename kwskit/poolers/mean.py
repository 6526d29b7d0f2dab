"""Mean pooling."""

from torch import Tensor, nn

from kwskit.arguments import PositiveInt
from kwskit.registry import register


@register("pooler", "mean")
class Mean(nn.Module):
    """Mean of the valid frames, 0 where none is, and perhaps a linear layer: ``(N, T, in_dim), (N, T) -> (N, dim)``.

    Source: ADML, section 4.1, global average pooling of text, with the linear layer before it (the encoder's own) or,
    as the sentence has it, behind it. With the same weights embeddings of texts are the same; tokens, which losses of
    phonemes see, are not.

    Parameters
    ----------
    dim : size of the embedding
    in_dim : size of a frame, which a linear layer behind the mean takes to ``dim``; null is ``dim`` without that layer
    """

    def __init__(self, dim: PositiveInt = 256, in_dim: PositiveInt | None = None):
        super().__init__()
        self.dim = dim
        self.project = None if in_dim is None else nn.Linear(in_dim, dim)

    def forward(self, frames: Tensor, mask: Tensor) -> Tensor:
        total = frames.masked_fill(~mask.unsqueeze(-1), 0.0).sum(1)
        mean = total / mask.sum(1, keepdim=True).clamp(min=1)
        return mean if self.project is None else self.project(mean)
