"""PhonMatchNet's judge of pairs."""

import math

import torch
from torch import Tensor, nn

from kwskit.arguments import PositiveInt
from kwskit.embeddings import Embeddings, Match
from kwskit.matchers.attention_gru import last_state
from kwskit.registry import register


@register("matcher", "self_attention_gru")
class SelfAttentionGru(nn.Module):
    """Self-attention over the frames followed by the tokens, then a GRU (PhonMatchNet, Lee & Cho 2023).

    Valid frames and valid tokens stand in one row; each position sees itself and what is before it (single head,
    lower-triangular mask). A GRU over all of it gives the logit of the pair at the last position, and a linear
    layer on the attended tokens says of each whether it is spoken. The layout is that of the authors' code.

    Parameters
    ----------
    dim : size of a frame and of a token
    key_dim : size of queries, keys and values
    hidden : units of the GRU
    """

    def __init__(self, dim: PositiveInt = 128, key_dim: PositiveInt = 128, hidden: PositiveInt = 128):
        super().__init__()
        self.key_dim = key_dim
        self.query, self.key, self.value = (nn.Linear(dim, key_dim) for _ in range(3))
        self.output = nn.Linear(key_dim, dim)
        self.gru = nn.GRU(dim, hidden, batch_first=True)
        self.judge = nn.Linear(hidden, 1)
        self.judge_token = nn.Linear(dim, 1)

    def forward(self, emb: Embeddings) -> Match:
        frames, tokens = emb.audio_mask.sum(1), emb.text_mask.sum(1)
        row = joined(emb.audio_frames, frames, emb.text_tokens, tokens)
        attended = self._attend(row)
        states, _ = self.gru(attended)
        logit = self.judge(last_state(states, frames + tokens)).squeeze(1)
        position = frames[:, None] + torch.arange(emb.text_tokens.shape[1], device=frames.device)
        position = position.clamp(max=row.shape[1] - 1)[:, :, None].expand(-1, -1, attended.shape[2])
        return Match(logit, self.judge_token(attended.gather(1, position)).squeeze(2))

    def _attend(self, row: Tensor) -> Tensor:
        # What is before a valid position is valid, so the triangle alone keeps padding out.
        scores = self.query(row) @ self.key(row).transpose(1, 2) / math.sqrt(self.key_dim)
        future = torch.ones(row.shape[1], row.shape[1], dtype=torch.bool, device=row.device).triu(1)
        weights = scores.masked_fill(future, torch.finfo(scores.dtype).min).softmax(-1)
        return self.output(weights @ self.value(row))


def joined(audio: Tensor, audio_lens: Tensor, text: Tensor, text_lens: Tensor) -> Tensor:
    """(N, T_a + T_t, d) each row's valid frames, right behind them its valid tokens, then zeros."""
    both = torch.cat((audio, text), dim=1)
    position = torch.arange(both.shape[1], device=both.device)
    behind = position - audio_lens[:, None]
    source = torch.where(behind < 0, position, (behind + audio.shape[1]).clamp(max=both.shape[1] - 1))
    row = both.gather(1, source[:, :, None].expand_as(both))
    return row.masked_fill((behind >= text_lens[:, None])[:, :, None], 0.0)
