"""Cross-attention from text tokens to audio frames."""

import math
from typing import Annotated

import torch
from torch import Tensor, nn

from kwskit.arguments import OneOf, PositiveInt
from kwskit.registry import register

PROJECTIONS = ("learned", "identity")


@register("aligner", "cross_attention")
class CrossAttention(nn.Module):
    """Single-head attention, tokens asking and frames answering: audio resampled to the token axis.

    ``(N, T_t, dim), (N, T_t), (N, T_a, dim), (N, T_a) -> aligned (N, T_t, dim), affinity (N, T_t, T_a)``.
    Rows of the affinity sum to 1 over valid frames; rows of padding tokens, and of utterances without a
    valid frame, are 0. Source: ADML equation 1, ``softmax(Q K^T / sqrt(dim)) V``. Whether ADML learns the
    projections is a reconstruction: it counts the layer among its parameters, so ``learned`` is the default.

    Token ids, which every aligner is given, are not used.

    Parameters
    ----------
    dim : size of tokens and frames
    projections : ``learned`` (query, key, value and output layers) or ``identity`` (equation 1 literally)
    """

    def __init__(self, dim: PositiveInt = 256, projections: Annotated[str, OneOf(PROJECTIONS)] = "learned"):
        super().__init__()
        self.dim = dim

        def layer() -> nn.Module:
            return nn.Linear(dim, dim) if projections == "learned" else nn.Identity()

        self.query, self.key, self.value, self.output = layer(), layer(), layer(), layer()

    def forward(
        self,
        text_tokens: Tensor,
        text_mask: Tensor,
        audio_frames: Tensor,
        audio_mask: Tensor,
        token_ids: Tensor | None = None,
    ) -> tuple[Tensor, Tensor]:
        audio_frames = audio_frames.masked_fill(~audio_mask.unsqueeze(-1), 0.0)
        scores = self.query(text_tokens) @ self.key(audio_frames).transpose(1, 2) / math.sqrt(self.dim)
        scores = scores if scores.dtype == torch.float64 else scores.float()
        keep = text_mask.unsqueeze(2) & audio_mask.unsqueeze(1)
        affinity = scores.masked_fill(~keep, torch.finfo(scores.dtype).min).softmax(-1).masked_fill(~keep, 0.0)
        aligned = self.output(affinity @ self.value(audio_frames))
        return aligned.masked_fill(~text_mask.unsqueeze(-1), 0.0), affinity
