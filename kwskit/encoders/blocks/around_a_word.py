"""The mel frames around a word that the speech embedding's windows look at."""

import torch
import torch.nn.functional as F
from torch import Tensor

from kwskit.batch import length_mask
from kwskit.encoders.blocks.speech_embedding_network import HOP, WINDOW


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


RANGE = 8.0  # 80 dB, in the tens of decibels of a mel frame


def around_a_word(mels: Tensor, lens: Tensor, past: int, after_words: float = 0.0) -> Tensor:
    """(N, 68 + 8 n, 32) mel frames from ``past`` before the words to the end of their last window, n = ceil(T / 8).

    Around the words there is silence: 80 dB below their loudest value, as low as the front end's floor.

    Parameters
    ----------
    mels, lens : (N, T, 32) mel frames of words, and their number (N,)
    past : frames before a word
    after_words : share of words that come after the end of another one, see :func:`before_a_word`
    """
    frames = mels.shape[1]
    count = (frames + HOP - 1) // HOP
    mask = length_mask(lens, frames).unsqueeze(-1)
    silence = mels.masked_fill(~mask, -1e4).amax((1, 2), keepdim=True) - RANGE
    after = WINDOW + HOP * (count - 1) - past - frames
    before = before_a_word(mels, lens, past, silence, after_words)
    word = torch.where(F.pad(mask, (0, 0, 0, after)), F.pad(mels, (0, 0, 0, after)), silence)
    return torch.cat((before, word), dim=1)
