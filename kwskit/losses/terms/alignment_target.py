"""Where an alignment of text and speech is expected to lie: the targets of monotonic matching."""

import torch
from torch import Tensor


def positions(mask: Tensor, offset: float, dtype: torch.dtype) -> Tensor:
    """(N, T) place of each valid position in its sequence, ``(index + offset) / length``, for a prefix mask (N, T)."""
    index = torch.arange(mask.shape[1], device=mask.device, dtype=dtype)
    return (index + offset) / mask.sum(1, keepdim=True).clamp(min=1)


def gauss_target(text_mask: Tensor, audio_mask: Tensor, sigma: float, dtype: torch.dtype) -> Tensor:
    """(N, T_t, T_a) rows that sum to 1 and fall off from the diagonal as a Gaussian of ``sigma`` (reconstruction)."""
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


def guide_weights(text_mask: Tensor, audio_mask: Tensor, sigma: float, dtype: torch.dtype) -> Tensor:
    """(N, T_t, T_a) penalties, 0 on the diagonal and near 1 far from it (guided attention, Tachibana et al. 2018)."""
    apart = positions(text_mask, 0.0, dtype)[:, :, None] - positions(audio_mask, 0.0, dtype)[:, None, :]
    return 1 - torch.exp(-apart.square() / (2 * sigma**2))
