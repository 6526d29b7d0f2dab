"""Text encoder without context."""

import torch.nn.functional as F
from torch import Tensor, nn

from kwskit.arguments import NonNegativeFloat, PositiveInt
from kwskit.batch import length_mask
from kwskit.registry import register


@register("text_encoder", "dense")
class Dense(nn.Module):
    """Lookup, dense layer and LeakyReLU for each token alone: ``(N, T_t), (N,) -> (N, T_t, dim)``.

    Source: PhonMatchNet's code (Lee and Cho 2023), the text encoder for phonemes. Padding comes out as 0.

    Parameters
    ----------
    num_tokens : size of the token inventory
    embedding_dim : size of a looked-up token
    dim : size of an output token
    negative_slope : of the LeakyReLU; the default is Keras's, which the code of the paper uses
    """

    def __init__(
        self,
        num_tokens: PositiveInt,
        embedding_dim: PositiveInt = 256,
        dim: PositiveInt = 128,
        negative_slope: NonNegativeFloat = 0.3,
    ):
        super().__init__()
        self.num_tokens = num_tokens
        self.dim = dim
        self.embedding = nn.Embedding(num_tokens, embedding_dim)
        self.project = nn.Linear(embedding_dim, dim)
        self.negative_slope = negative_slope

    def forward(self, tokens: Tensor, lens: Tensor) -> Tensor:
        mask = length_mask(lens, tokens.shape[1])
        x = F.leaky_relu(self.project(self.embedding(tokens.masked_fill(~mask, 0))), self.negative_slope)
        return x.masked_fill(~mask.unsqueeze(-1), 0.0)
