"""Is each phoneme of the text spoken: cross entropy of tokens."""

import torch
import torch.nn.functional as F
from torch import Tensor

from kwskit.embeddings import Embeddings
from kwskit.losses.base import Loss
from kwskit.registry import register


@register("loss", "phoneme_detection")
class PhonemeDetection(Loss):
    """Binary cross entropy of a matcher's token logits (PhonMatchNet, Lee & Cho 2023).

    A token counts as spoken when the speech has the same token at the same position, counted from the start and
    without any alignment; the mean is over all valid tokens of the batch, as in the authors' code.

    Parameters
    ----------
    weight : factor of this loss in the total
    """

    def compute(self, emb: Embeddings) -> Tensor:
        logits = emb.match.token_logits
        if logits is None:
            raise ValueError(
                "phoneme_detection: the matcher gives no token logits; self_attention_gru does, "
                "and attention_gru with token_head"
            )
        values = F.binary_cross_entropy_with_logits(logits, spoken_in_place(emb).to(logits), reduction="none")
        return values.masked_fill(~emb.text_mask, 0.0).sum() / emb.text_mask.sum().clamp(min=1)


def spoken_in_place(emb: Embeddings) -> Tensor:
    """(N, T_t) bool, whether the speech has the text's token at its position."""
    if emb.spoken_ids is None or emb.spoken_mask is None:
        return emb.text_mask
    longest = emb.token_ids.shape[1]
    # -1, which is no token, stands where the speech has ended.
    spoken = emb.spoken_ids.masked_fill(~emb.spoken_mask, -1)[:, :longest]
    spoken = F.pad(spoken, (0, longest - spoken.shape[1]), value=-1)
    return torch.eq(spoken, emb.token_ids) & emb.text_mask
