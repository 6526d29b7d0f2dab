"""The mel frames around a word that the speech embedding's windows look at."""

import torch
import torch.nn.functional as F
from torch import Tensor

from kwskit.batch import length_mask
from kwskit.encoders.blocks.before_a_word import before_a_word
from kwskit.encoders.blocks.speech_embedding_network import HOP, WINDOW

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
