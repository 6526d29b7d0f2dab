"""Monotonic matching loss on the aligner's affinity matrix."""

from typing import Annotated

import torch
from torch import Tensor

from kwskit.arguments import NonNegativeFloat, OneOf, PositiveFloat
from kwskit.embeddings import Embeddings
from kwskit.losses.base import Loss
from kwskit.registry import register


def positions(mask: Tensor, offset: float, dtype: torch.dtype) -> Tensor:
    """(N, T) place of each valid position in its sequence, ``(index + offset) / length``, for a prefix mask (N, T)."""
    index = torch.arange(mask.shape[1], device=mask.device, dtype=dtype)
    return (index + offset) / mask.sum(1, keepdim=True).clamp(min=1)


def gauss_target(text_mask: Tensor, audio_mask: Tensor, sigma: float | Tensor, dtype: torch.dtype) -> Tensor:
    """(N, T_t, T_a) rows that sum to 1 and fall off from the diagonal as a Gaussian (reconstruction).

    Its ``sigma`` is a share of the sequence, for all pairs or (N, 1, 1) for each.
    """
    apart = positions(text_mask, 0.5, dtype)[:, :, None] - positions(audio_mask, 0.5, dtype)[:, None, :]
    # A softmax, so that a row far from every frame keeps its sum. Not -inf, for the sake of a pair without frames.
    bell = (-apart.square() / (2 * sigma**2)).masked_fill(~audio_mask[:, None, :], torch.finfo(dtype).min)
    return bell.softmax(2)


def block_target(text_mask: Tensor, audio_mask: Tensor, dtype: torch.dtype) -> Tensor:
    """(N, T_t, T_a) rows that sum to 1 and split the frames evenly among the tokens, in order (reconstruction)."""
    tokens, frames = text_mask.sum(1, keepdim=True), audio_mask.sum(1, keepdim=True)
    token = torch.arange(text_mask.shape[1], device=text_mask.device)
    frame = torch.arange(audio_mask.shape[1], device=audio_mask.device)
    owner = frame * tokens // frames.clamp(min=1)
    block = (owner[:, None, :] == token[:, None]) & audio_mask[:, None, :]
    return block.to(dtype) / block.sum(2, keepdim=True).clamp(min=1)


def guide_weights(text_mask: Tensor, audio_mask: Tensor, sigma: float | Tensor, dtype: torch.dtype) -> Tensor:
    """(N, T_t, T_a) penalties, 0 on the diagonal and near 1 far from it (guided attention, Tachibana et al. 2018)."""
    apart = positions(text_mask, 0.0, dtype)[:, :, None] - positions(audio_mask, 0.0, dtype)[:, None, :]
    return 1 - torch.exp(-apart.square() / (2 * sigma**2))


TARGETS = ("gauss", "block", "guided")
SIGMAS = ("sequence", "tokens")
REDUCTIONS = ("cell", "token", "frobenius")
UNMATCHED = ("noise", "ignore")


@register("loss", "monotonic_matching")
class MonotonicMatching(Loss):
    """Monotonic matching: the affinity of text and speech lies along the diagonal (Shin et al. 2022; ADML eq. 3).

    Mean over pairs of the squared difference between affinity and target over valid cells; the target and the
    distance are a reconstruction. A pair with fewer frames than tokens is left out.

    Parameters
    ----------
    target : ``gauss`` (a bell around the diagonal), ``block`` (frames split evenly among tokens), or ``guided`` (no
        target: affinity times a penalty that grows off the diagonal, Tachibana et al. 2018)
    sigma : width of the bell or of the penalty's valley
    sigma_in : what ``sigma`` is a number of: shares of the ``sequence``, so that in a word of six phonemes 0.2 leaves
        two fifths of a row on the phoneme's own frames; or ``tokens``, where 0.5 leaves three quarters (ours)
    reduction : the mean over a pair's ``cell``s, of which a word has thousands, so that the loss hardly weighs; the sum
        over frames and mean over tokens (``token``); or the sum over cells (``frobenius``)
    unmatched : what pairs of a text and another word's speech are compared with: rows of random ``noise``, drawn anew
        each time, as in CMCD; or ``ignore`` them
    weight : factor of this loss in the total
    """

    def __init__(
        self,
        target: Annotated[str, OneOf(TARGETS)] = "gauss",
        sigma: PositiveFloat = 0.2,
        sigma_in: Annotated[str, OneOf(SIGMAS)] = "sequence",
        reduction: Annotated[str, OneOf(REDUCTIONS)] = "cell",
        unmatched: Annotated[str, OneOf(UNMATCHED)] = "noise",
        weight: NonNegativeFloat = 1.0,
    ):
        super().__init__(weight)
        self.target, self.sigma, self.sigma_in = target, sigma, sigma_in
        self.reduction, self.unmatched = reduction, unmatched

    def compute(self, emb: Embeddings) -> Tensor:
        affinity, text_mask, audio_mask = emb.affinity, emb.text_mask, emb.audio_mask
        valid = text_mask[:, :, None] & audio_mask[:, None, :]
        affinity = affinity.masked_fill(~valid, 0.0)
        tokens, frames = text_mask.sum(1), audio_mask.sum(1)
        sigma: float | Tensor = self.sigma
        if self.sigma_in == "tokens":
            sigma = (self.sigma / tokens.clamp(min=1)).to(affinity.dtype)[:, None, None]
        if self.target == "guided":
            cells = affinity * guide_weights(text_mask, audio_mask, sigma, affinity.dtype)
        else:
            block = self.target == "block"
            masks = text_mask, audio_mask
            goal = block_target(*masks, affinity.dtype) if block else gauss_target(*masks, sigma, affinity.dtype)
            cells = (affinity - goal).square()
        used = (tokens > 0) & (frames >= tokens)
        if emb.matched is not None and self.unmatched == "ignore":
            used = used & emb.matched
        elif emb.matched is not None:
            cells = torch.where(emb.matched[:, None, None], cells, (affinity - _noise(affinity, valid)).square())
        share = {"cell": tokens * frames, "token": tokens, "frobenius": torch.ones_like(tokens)}[self.reduction]
        pair = cells.masked_fill(~valid, 0.0).sum((1, 2)) / share.clamp(min=1)
        return (pair * used).sum() / used.sum().clamp(min=1)


def _noise(like: Tensor, valid: Tensor) -> Tensor:
    """Random rows that sum to 1 over ``valid`` cells, both (N, T_t, T_a)."""
    noise = torch.rand_like(like).masked_fill(~valid, 0.0)
    return noise / noise.sum(2, keepdim=True).clamp(min=torch.finfo(noise.dtype).tiny)
