"""Text encoder of one acoustic vector a phoneme."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from kwskit.arguments import PositiveInt
from kwskit.batch import length_mask
from kwskit.registry import register


@register("text_encoder", "phoneme_vectors")
class PhonemeVectors(nn.Module):
    """Lookup of one vector a phoneme, learnt from speech: ``(N, T_t), (N,) -> (N, T_t, dim)``.

    The vectors start random; :func:`kwskit.systems.phoneme_vectors.learn_phoneme_vectors` puts the mean
    acoustic frame of every phoneme in their place. Source: Nishu et al. 2024, "Flexible Keyword Spotting
    based on Homogeneous Audio-Text Embedding" (CED), the audio-compliant text encoder. Padding comes out as 0.

    Parameters
    ----------
    num_tokens : size of the token inventory
    dim : size of a vector, that of the acoustic frames
    frozen : keep the vectors as they are; false trains them
    """

    def __init__(self, num_tokens: PositiveInt, dim: PositiveInt = 144, frozen: bool = True):
        super().__init__()
        self.num_tokens = num_tokens
        self.dim = dim
        self.vectors = nn.Parameter(torch.randn(num_tokens, dim), requires_grad=not frozen)

    def forward(self, tokens: Tensor, lens: Tensor) -> Tensor:
        mask = length_mask(lens, tokens.shape[1])
        return F.embedding(tokens.masked_fill(~mask, 0), self.vectors).masked_fill(~mask.unsqueeze(-1), 0.0)
