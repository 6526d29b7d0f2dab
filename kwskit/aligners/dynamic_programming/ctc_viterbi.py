"""The likeliest alignment of a token sequence under connectionist temporal classification."""

import torch
import torch.nn.functional as F
from torch import Tensor

from kwskit.batch import length_mask


def ctc_feasible(tokens: Tensor, token_lens: Tensor, frame_lens: Tensor) -> Tensor:
    """(N,) bool: whether ``tokens`` (N, T_t) fit in their frames, a blank between equal neighbours included."""
    pair = length_mask(token_lens - 1, max(tokens.shape[1] - 1, 0))
    repeats = ((tokens[:, 1:] == tokens[:, :-1]) & pair).sum(1)
    return frame_lens >= (token_lens + repeats).clamp(min=1)


def extended_labels(tokens: Tensor, blank: int) -> Tensor:
    """(N, 2 T_t + 1): a blank before, between and after ``tokens`` (N, T_t)."""
    labels = tokens.new_full((tokens.shape[0], 2 * tokens.shape[1] + 1), blank)
    labels[:, 1::2] = tokens
    return labels


@torch.no_grad()
def ctc_viterbi(
    log_probs: Tensor, frame_lens: Tensor, tokens: Tensor, token_lens: Tensor, blank: int
) -> tuple[Tensor, Tensor]:
    """The best path through blank, first token, blank, ..., last token, blank (Jin et al. 2024, the CTC aligner).

    State 2u + 1 is token u and even states are blanks. A path begins in state 0 or 1, ends in one of the last two,
    and may skip a blank between different tokens. Of equally good moves the shortest wins. The whole batch
    moves frame by frame, O(T_t T_a) a pair.

    Parameters
    ----------
    log_probs : (N, T_a, V) log-probabilities
    frame_lens, token_lens : (N,) int64
    tokens : (N, T_t) int64, ids below V other than ``blank``; what padding holds does not matter
    blank : id of the blank

    Returns
    -------
    tuple
        states (N, T_a) int64, -1 on padding frames and where there is no path, and the path's log-probability (N,),
        -inf where there is no path
    """
    count, frames, _ = log_probs.shape
    tokens = tokens.masked_fill(~length_mask(token_lens, tokens.shape[1]), blank)
    labels = extended_labels(tokens, blank)
    skips = F.pad((labels[:, 2:] != blank) & (labels[:, 2:] != labels[:, :-2]), (2, 0))
    emitted = log_probs.gather(2, labels.unsqueeze(1).expand(-1, frames, -1))

    best = emitted.new_full(labels.shape, -torch.inf)
    final = (2 * token_lens).unsqueeze(1)
    score = emitted.new_full((count,), -torch.inf)
    state = torch.zeros_like(final)
    moves = []
    for t in range(frames):
        if t == 0:
            move = torch.zeros_like(labels)
            best[:, :2] = emitted[:, 0, :2]
        else:
            step = F.pad(best, (1, 0), value=-torch.inf)[:, :-1]
            skip = F.pad(best, (2, 0), value=-torch.inf)[:, :-2].masked_fill(~skips, -torch.inf)
            move = (step > best).long()
            best = torch.maximum(best, step)
            move = move.masked_fill(skip > best, 2)
            best = torch.maximum(best, skip) + emitted[:, t]
        moves.append(move)
        in_blank = best.gather(1, final)
        in_token = best.gather(1, (final - 1).clamp(min=0))
        ends = frame_lens == t + 1
        state = torch.where(ends[:, None], torch.where(in_blank >= in_token, final, final - 1), state)
        score = torch.where(ends, torch.maximum(in_blank, in_token).squeeze(1), score)
    state = state.clamp(min=0)
    states = []
    for t in reversed(range(frames)):
        states.append(state)
        state = state - moves[t].gather(1, state).masked_fill((frame_lens <= t)[:, None], 0)
    path = torch.cat(states[::-1], 1) if states else labels.new_zeros(count, 0)
    found = length_mask(frame_lens, frames) & (score > -torch.inf)[:, None]
    return path.masked_fill(~found, -1), score


def path_score(log_probs: Tensor, states: Tensor, tokens: Tensor, blank: int) -> Tensor:
    """(N,) log-probability of the path ``states`` (N, T_a), with gradients; 0 where there is no path.

    ``log_probs`` and ``tokens`` as in :func:`ctc_viterbi`.
    """
    used = states >= 0
    label = extended_labels(tokens, blank).gather(1, states.clamp(min=0))
    said = log_probs.gather(2, label.clamp(0, log_probs.shape[2] - 1).unsqueeze(2)).squeeze(2)
    return said.masked_fill(~used, 0.0).sum(1)
