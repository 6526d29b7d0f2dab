"""Monotonic matching loss on the aligner's affinity matrix."""

import torch
from torch import Tensor

from kwskit.batch import Embeddings
from kwskit.losses.alignment_target import block_target, gauss_target, guide_weights
from kwskit.losses.base import Loss
from kwskit.registry import register

TARGETS = ("gauss", "block", "guided")


@register("loss", "monotonic_matching")
class MonotonicMatching(Loss):
    """Monotonic matching: the affinity of text and speech lies along the diagonal (Shin et al. 2022; ADML eq. 3).

    Mean over pairs of the mean squared difference between affinity and target over valid cells; the target and
    the distance are a reconstruction. Pairs that ``emb.matched`` calls unmatched are compared with rows of random noise
    drawn anew each time, as in CMCD. A pair with fewer frames than tokens is left out.

    Parameters
    ----------
    target : ``gauss`` (a bell around the diagonal), ``block`` (frames split evenly among tokens), or ``guided`` (no
        target: affinity times a penalty that grows off the diagonal, Tachibana et al. 2018)
    sigma : width of the bell or of the penalty's valley, as a share of the sequence
    weight : factor of this loss in the total
    """

    def __init__(self, target: str = "gauss", sigma: float = 0.2, weight: float = 1.0):
        super().__init__(weight)
        if target not in TARGETS:
            raise ValueError(f"target must be one of {TARGETS}, not {target!r}")
        if sigma <= 0:
            raise ValueError(f"sigma must be above 0, not {sigma}")
        self.target, self.sigma = target, sigma

    def compute(self, emb: Embeddings) -> Tensor:
        affinity, text_mask, audio_mask = emb.affinity, emb.text_mask, emb.audio_mask
        valid = text_mask[:, :, None] & audio_mask[:, None, :]
        affinity = affinity.masked_fill(~valid, 0.0)
        if self.target == "guided":
            cells = affinity * guide_weights(text_mask, audio_mask, self.sigma, affinity.dtype)
        else:
            cells = (affinity - self._diagonal(text_mask, audio_mask, affinity.dtype)).square()
        if emb.matched is not None:
            noise = torch.rand_like(affinity).masked_fill(~valid, 0.0)
            noise = noise / noise.sum(2, keepdim=True).clamp(min=torch.finfo(noise.dtype).tiny)
            cells = torch.where(emb.matched[:, None, None], cells, (affinity - noise).square())
        tokens, frames = text_mask.sum(1), audio_mask.sum(1)
        pair = cells.masked_fill(~valid, 0.0).sum((1, 2)) / (tokens * frames).clamp(min=1)
        used = (tokens > 0) & (frames >= tokens)
        return (pair * used).sum() / used.sum().clamp(min=1)

    def _diagonal(self, text_mask: Tensor, audio_mask: Tensor, dtype: torch.dtype) -> Tensor:
        if self.target == "block":
            return block_target(text_mask, audio_mask, dtype)
        return gauss_target(text_mask, audio_mask, self.sigma, dtype)
