"""Adding one sound to another at a signal-to-noise ratio."""

import torch
from torch import Tensor

from kwskit.batch import length_mask
from kwskit.to_device import to_device


def mix_at_snr(wav: Tensor, wav_lens: Tensor, rows: Tensor, noise: Tensor, snr_db: Tensor) -> Tensor:
    """``wav`` (N, S) with ``noise`` (R, S) added to its ``rows`` (R,), each at ``snr_db`` (R,) (definition of SNR).

    Powers are means over the utterance's own samples; behind its end it stays 0. Silence, or silent noise, stays as
    it is. Lengths, rows and ratios may be on the CPU while ``wav`` is not.
    """
    lens = to_device(wav_lens[to_device(rows, wav_lens.device)], wav.device)
    rows, snr_db = to_device(rows, wav.device), to_device(snr_db.to(wav.dtype), wav.device)
    noise = noise * length_mask(lens, wav.shape[1])
    speech = wav.index_select(0, rows)
    loudness, noisiness = speech.norm(dim=1), noise.norm(dim=1)
    tiny = torch.finfo(wav.dtype).tiny
    scale = loudness / noisiness.clamp(min=tiny) * 10.0 ** (-snr_db / 20.0)
    scale = torch.where(noisiness > tiny, scale, 0.0)
    return wav.index_copy(0, rows, speech.addcmul_(noise, scale[:, None]))
