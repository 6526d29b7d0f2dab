"""Hard alignments: every frame belongs to one token or to none."""

import torch
from torch import Tensor

from kwskit.numerics import at_least_float32


def average_owned(owner: Tensor, text_mask: Tensor, audio_frames: Tensor, audio_mask: Tensor) -> tuple[Tensor, Tensor]:
    """Mean of each token's frames, and the weights that make it.

    Gradients reach the frames; which frame is whose has none.

    Parameters
    ----------
    owner : (N, T_a) int64, the token of each frame, -1 for a frame that is nobody's
    text_mask : (N, T_t) bool
    audio_frames : (N, T_a, d); audio_mask : (N, T_a) bool

    Returns
    -------
    tuple
        aligned (N, T_t, d), float32 or wider, and affinity (N, T_t, T_a), 1 / (number of the token's frames) on its
        frames. A token without frames has rows of 0.
    """
    frames = at_least_float32(audio_frames).masked_fill(~audio_mask.unsqueeze(-1), 0.0)
    token = torch.arange(text_mask.shape[1], device=owner.device)
    owned = (owner.masked_fill(~audio_mask, -1).unsqueeze(1) == token[:, None]) & text_mask.unsqueeze(2)
    affinity = owned.to(frames.dtype) / owned.sum(2, keepdim=True).clamp(min=1)
    with torch.autocast(frames.device.type, enabled=False):
        return affinity @ frames, affinity


def feasible(affinity: Tensor, text_mask: Tensor) -> Tensor:
    """(N,) bool: every valid token of ``affinity`` (N, T_t, T_a) has a frame, and there is a token."""
    alone = text_mask & (affinity <= 0).all(2)
    return text_mask.any(1) & ~alone.any(1)
