"""Bidirectional LSTM text encoder."""

import math

import torch
from torch import Tensor, nn

from kwskit.arguments import Dropout, PositiveInt
from kwskit.batch import length_mask
from kwskit.encoders.blocks.bidirectional_lstm import BidirectionalLstm
from kwskit.encoders.blocks.encode_once import encode_once
from kwskit.registry import register


def sinusoids(length: int, size: int, like: Tensor) -> Tensor:
    """(length, size) sines in the even and cosines in the odd places, of ``like``'s type and device.

    Source: Vaswani et al. 2017, section 3.5. ``size`` must be even.
    """
    rates = torch.exp(torch.arange(0, size, 2, device=like.device) * (-math.log(10_000.0) / size))
    angles = torch.arange(length, device=like.device)[:, None] * rates
    return torch.stack((angles.sin(), angles.cos()), dim=-1).flatten(1).to(like.dtype)


@register("text_encoder", "bilstm")
class BiLstm(BidirectionalLstm):
    """Lookup, bidirectional LSTM and a linear layer for each token: ``(N, T_t), (N,) -> (N, T_t, dim)``.

    Source: ADML, section 3 (lookup, two layers of bidirectional LSTM, linear layer). The linear layer runs
    on every token, which gives token embeddings; their mean equals the paper's linear layer after the mean. With
    ``dim: null`` and ``!pooler:mean {in_dim: ...}`` tokens are tapped before that layer, where the paper's sentence has
    them; it does not say which of the two it calls phoneme-level embeddings.
    JMCL's text encoder is ``layers: 3, positions: true, dropout: 0.2, dim: null`` with ``!pooler:ends``.
    Padding never matters and comes out as 0. On a CPU, a text that a batch holds several times is encoded
    once.

    Parameters
    ----------
    num_tokens : size of the token inventory
    embedding_dim : size of a looked-up token
    hidden : units of one direction
    layers : bidirectional layers
    dim : size of an output token; null leaves the linear layer out, and tokens are both directions' states
    positions : add sinusoidal positions to looked-up tokens (JMCL)
    dropout : between layers, in training
    """

    def __init__(
        self,
        num_tokens: PositiveInt,
        embedding_dim: PositiveInt = 256,
        hidden: PositiveInt = 256,
        layers: PositiveInt = 2,
        dim: PositiveInt | None = 256,
        positions: bool = False,
        dropout: Dropout = 0.0,
    ):
        super().__init__()
        if positions and embedding_dim % 2:
            raise ValueError(f"positions need an even embedding_dim, not {embedding_dim}")
        self.num_tokens = num_tokens
        self.dim = 2 * hidden if dim is None else dim
        self.positions = positions
        self.embedding = nn.Embedding(num_tokens, embedding_dim)
        self.add_lstms(embedding_dim, hidden, layers, dropout)
        self.project = nn.Linear(2 * hidden, dim) if dim is not None else None

    def forward(self, tokens: Tensor, lens: Tensor) -> Tensor:
        return encode_once(self._encode, tokens, lens)

    def _encode(self, tokens: Tensor, lens: Tensor) -> Tensor:
        x = self.embedding(tokens)
        if self.positions:
            x = x + sinusoids(x.shape[1], x.shape[2], x)
        x = self.recur(x, lens)
        x = x if self.project is None else self.project(x)
        return x.masked_fill(~length_mask(lens, tokens.shape[1]).unsqueeze(-1), 0.0)
