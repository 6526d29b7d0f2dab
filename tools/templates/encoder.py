"""One convolution over frames: the encoder my_part."""

from torch import Tensor, nn

from kwskit.arguments import PositiveInt
from kwskit.batch import length_mask
from kwskit.registry import register


@register("encoder", "my_part")
class MyPart(nn.Module):
    """One convolution: ``(N, T, num_features), (N,) -> (N, T, dim), (N,)`` (ours).

    Frames behind the end of an utterance come out as 0 and change no others.

    Parameters
    ----------
    num_features : size of an input frame
    dim : size of an output frame
    """

    def __init__(self, num_features: PositiveInt = 40, dim: PositiveInt = 256):
        super().__init__()
        self.dim = dim
        self.conv = nn.Conv1d(num_features, dim, 5, padding=2)

    def forward(self, feats: Tensor, lens: Tensor) -> tuple[Tensor, Tensor]:
        valid = length_mask(lens, feats.shape[1]).unsqueeze(-1)
        return self.conv((feats * valid).transpose(1, 2)).transpose(1, 2) * valid, lens
