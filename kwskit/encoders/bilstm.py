"""Bidirectional LSTM text encoder."""

import torch
from torch import Tensor, nn

from kwskit.batch import length_mask
from kwskit.encoders.frames import values_at_hand
from kwskit.registry import register


@register("text_encoder", "bilstm")
class BiLstm(nn.Module):
    """Lookup, bidirectional LSTM and a linear layer for each token: ``(N, T_t), (N,) -> (N, T_t, dim)``.

    Source: ADML, section 3 (lookup, two layers of bidirectional LSTM, linear layer). The linear layer runs
    on every token, which gives token embeddings; their mean equals the paper's linear layer after the mean.
    The backward direction reads every word from its own last token, so padding never matters and lengths
    need not leave the device. Padding tokens come out as 0. On a CPU, a text that a batch holds several
    times is encoded once.

    Parameters
    ----------
    num_tokens : size of the token inventory
    embedding_dim : size of a looked-up token
    hidden : units of one direction
    layers : bidirectional layers
    dim : size of an output token
    """

    def __init__(self, num_tokens: int, embedding_dim: int = 256, hidden: int = 256, layers: int = 2, dim: int = 256):
        super().__init__()
        self.num_tokens = num_tokens
        self.dim = dim
        self.embedding = nn.Embedding(num_tokens, embedding_dim)
        sizes = [embedding_dim] + [2 * hidden] * (layers - 1)
        self.forwards = nn.ModuleList(nn.LSTM(size, hidden, batch_first=True) for size in sizes)
        self.backwards = nn.ModuleList(nn.LSTM(size, hidden, batch_first=True) for size in sizes)
        self.project = nn.Linear(2 * hidden, dim)

    def forward(self, tokens: Tensor, lens: Tensor) -> Tensor:
        tokens = tokens.masked_fill(~length_mask(lens, tokens.shape[1]), 0)
        if not values_at_hand(tokens):
            return self._encode(tokens, lens)
        texts, text = torch.cat((lens[:, None], tokens), dim=1).unique(dim=0, return_inverse=True)
        return self._encode(texts[:, 1:], texts[:, 0]).index_select(0, text)

    def _encode(self, tokens: Tensor, lens: Tensor) -> Tensor:
        position = torch.arange(tokens.shape[1], device=tokens.device)
        mask = length_mask(lens, tokens.shape[1])
        # Position of each token's mirror image within its word; padding stays in place.
        mirror = torch.where(mask, lens[:, None] - 1 - position, position).unsqueeze(-1)
        x = self.embedding(tokens)
        for ahead, back in zip(self.forwards, self.backwards, strict=True):
            past, _ = ahead(x)
            future, _ = back(x.gather(1, mirror.expand_as(x)))
            x = torch.cat((past, future.gather(1, mirror.expand_as(future))), dim=-1)
        return self.project(x).masked_fill(~mask.unsqueeze(-1), 0.0)
