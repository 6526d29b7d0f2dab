"""Frames cut into as many non-empty segments as there are tokens, in order, by dynamic programming.

Both functions give ``owner`` (N, T_a) int64, the token of each frame, and how good the cut is (N,). Padding
frames, and all frames of a text that is empty or longer than its audio, have owner -1. They work on
the whole batch at once and on any device; only the frames, or the tokens, are walked one by one.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from kwskit.batch import length_mask


@torch.no_grad()
def partition_by_path(similarity: Tensor, token_lens: Tensor, frame_lens: Tensor) -> tuple[Tensor, Tensor]:
    """The cut of largest summed similarity: D(i, j) = s(i, j) + max(D(i, j-1), D(i-1, j-1)).

    Of equally good cuts the one that changes token earliest wins. O(T_t T_a) a pair.

    Parameters
    ----------
    similarity : (N, T_t, T_a), of token i and frame j
    token_lens, frame_lens : (N,) int64

    Returns
    -------
    tuple
        owner (N, T_a), and the summed similarity (N,), -inf where there is no cut
    """
    count, tokens, frames = similarity.shape
    possible = (token_lens > 0) & (token_lens <= frame_lens)
    best = similarity.new_full((count, tokens), -torch.inf)
    score = similarity.new_full((count,), -torch.inf)
    last = (token_lens - 1).clamp(min=0).unsqueeze(1)
    moves = []
    for j in range(frames if tokens else 0):
        # Before the first frame, the first token can only be entered.
        step = F.pad(best[:, :-1], (1, 0), value=-torch.inf if j else 0.0)
        moves.append(step > best)
        best = torch.maximum(best, step) + similarity[:, :, j]
        score = torch.where(frame_lens == j + 1, best.gather(1, last).squeeze(1), score)
    owners, owner = [], last
    for j in reversed(range(len(moves))):
        owners.append(owner)
        moved = moves[j].gather(1, owner) & (frame_lens > j).unsqueeze(1)
        owner = (owner - moved.long()).clamp(min=0)
    found = torch.cat(owners[::-1], 1) if owners else last.new_full((count, frames), -1)
    used = length_mask(frame_lens, frames) & possible.unsqueeze(1)
    return found.masked_fill(~used, -1), score.masked_fill(~possible, -torch.inf)


@torch.no_grad()
def partition_by_means(
    text_tokens: Tensor, token_lens: Tensor, audio_frames: Tensor, frame_lens: Tensor
) -> tuple[Tensor, Tensor]:
    """The cut of smallest summed distance: D(i, j) = min over k < j of D(i-1, k) + |mean of frames k+1 to j - t_i|.

    O(T_t T_a^2) a pair, and T_a^2 numbers a pair at a time. Computed in float64 from running sums.

    Parameters
    ----------
    text_tokens : (N, T_t, d); audio_frames : (N, T_a, d)
    token_lens, frame_lens : (N,) int64

    Returns
    -------
    tuple
        owner (N, T_a), and the summed distance (N,), inf where there is no cut
    """
    count, tokens, _ = text_tokens.shape
    frames = audio_frames.shape[1]
    valid = length_mask(frame_lens, frames)
    points = audio_frames.double().masked_fill(~valid.unsqueeze(-1), 0.0)
    # Distances ignore a common shift, and taking one off leaves fewer digits to cancel.
    shift = points.sum(1, keepdim=True) / frame_lens.clamp(min=1)[:, None, None]
    sums = F.pad((points - shift).cumsum(1), (0, 0, 1, 0))
    targets = (text_tokens.double() - shift).masked_fill(~length_mask(token_lens, tokens).unsqueeze(-1), 0.0)

    place = torch.arange(frames + 1, device=sums.device)
    size = place - place[:, None]  # of the segment after frame k, up to frame j
    empty, size = size <= 0, size.clamp(min=1).double()
    square = sums.square().sum(-1)
    energy = (square[:, :, None] + square[:, None, :] - 2 * sums @ sums.transpose(1, 2)) / size.square()
    along = sums @ targets.transpose(1, 2)  # (N, T_a + 1, T_t)
    length = targets.square().sum(-1)

    best = sums.new_full((count, frames + 1), torch.inf)
    best[:, 0] = 0.0
    cost = sums.new_full((count,), torch.inf)
    cuts = []
    for i in range(tokens):
        dot = (along[:, None, :, i] - along[:, :, None, i]) / size
        distance = (energy - 2 * dot + length[:, i, None, None]).clamp(min=0.0).sqrt()
        best, cut = (best.unsqueeze(2) + distance.masked_fill(empty, torch.inf)).min(1)
        cuts.append(cut)
        cost = torch.where(token_lens == i + 1, best.gather(1, frame_lens.unsqueeze(1)).squeeze(1), cost)
    end, owner = frame_lens.unsqueeze(1), length_mask(frame_lens, frames).long() - 1
    for i in reversed(range(tokens)):
        used = (token_lens > i).unsqueeze(1)
        end = torch.where(used, cuts[i].gather(1, end), end)
        if i:  # frames from here on belong to this token or a later one
            owner = owner + (used & valid & (place[:-1] >= end))
    possible = (token_lens > 0) & (token_lens <= frame_lens)
    return owner.masked_fill(~(valid & possible.unsqueeze(1)), -1), cost.masked_fill(~possible, torch.inf)
