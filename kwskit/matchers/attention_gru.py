"""CMCD's judge of aligned pairs."""

import torch
from torch import Tensor, nn

from kwskit.arguments import PositiveInt
from kwskit.embeddings import Embeddings, Match
from kwskit.registry import register


@register("matcher", "attention_gru")
class AttentionGru(nn.Module):
    """GRU along the tokens over the audio aligned to them; its last state gives the logit (CMCD, Shin et al. 2022).

    The system's aligner is CMCD's pattern extractor: cross-attention, tokens asking and frames answering. The layout
    is that of the public code that ADML used for its CMCD baseline: the base model of PhonMatchNet's (Lee & Cho 2023),
    which has a phoneme head as PhonMatchNet has. What we know of CMCD's paper names no such head.

    Parameters
    ----------
    dim : size of a token
    hidden : units of the GRU
    token_head : a linear layer on the audio aligned to each token says whether it is spoken, for
        ``!loss:phoneme_detection``
    """

    def __init__(self, dim: PositiveInt = 128, hidden: PositiveInt = 128, token_head: bool = False):
        super().__init__()
        self.gru = nn.GRU(dim, hidden, batch_first=True)
        self.judge = nn.Linear(hidden, 1)
        self.judge_token = nn.Linear(dim, 1) if token_head else None

    def forward(self, emb: Embeddings) -> Match:
        states, _ = self.gru(emb.aligned_audio)
        logit = self.judge(last_state(states, emb.text_mask.sum(1))).squeeze(1)
        if self.judge_token is None:
            return Match(logit)
        return Match(logit, self.judge_token(emb.aligned_audio).squeeze(2))


def last_state(states: Tensor, lens: Tensor) -> Tensor:
    """(N, h) the state at the last valid position of (N, T, h), for lengths (N,) of at least 1."""
    last = (lens - 1).clamp(min=0)[:, None, None].expand(-1, 1, states.shape[2])
    return torch.gather(states, 1, last).squeeze(1)
