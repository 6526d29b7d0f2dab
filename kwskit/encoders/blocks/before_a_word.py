"""What an encoder that looks back sees before a word."""

import torch
from torch import Tensor


def before_a_word(feats: Tensor, lens: Tensor, past: int, silence: Tensor, share: float) -> Tensor:
    """(N, past, F) features that come before those of words, ``feats`` (N, T, F) with ``lens`` (N,) valid (ours).

    Parameters
    ----------
    past : how many
    silence : (N or 1, 1, 1) value of silence next to each word
    share : of words before which not silence alone comes, but the end of another word of the batch, between as loud
        as it is and silence: what precedes a word in a stream. Drawn from torch's own random numbers
    """
    words, _, size = feats.shape  # len() would fix their number in exported graphs
    none = silence.expand(words, past, size)
    if share == 0:
        return none
    shift = torch.randint(words, (1,), device=feats.device)
    other = (torch.arange(words, device=feats.device) + shift) % words
    place = lens[other, None] - past + torch.arange(past, device=feats.device)
    loudness = torch.rand(words, 1, 1, device=feats.device)
    ends = silence + loudness * (feats[other[:, None], place.clamp(min=0)] - silence).clamp(min=0)
    follows = torch.rand(words, 1, device=feats.device) < share
    return torch.where((follows & (place >= 0)).unsqueeze(-1), ends, none)
