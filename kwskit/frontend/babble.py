"""Other people talking."""

import torch
from torch import Tensor, nn

from kwskit.arguments import PositiveInt, Probability
from kwskit.frontend.chance import Chance, check_range
from kwskit.frontend.mixing import mix_at_snr
from kwskit.registry import register
from kwskit.to_device import to_device


@register("augment", "babble")
class Babble(nn.Module):
    """Adds other utterances of the batch as voices in the background (ours; babble as in Kaldi's VoxCeleb recipe).

    A voice is a random stretch of the batch's utterances laid end to end, with the silence behind the shorter ones. In
    a batch of one or two nobody else is left, and it stays as it is.

    Parameters
    ----------
    prob : share of utterances that get babble
    low_snr, high_snr : range of the signal-to-noise ratio in dB
    voices : number of voices
    """

    def __init__(self, prob: Probability = 0.2, low_snr: float = 10.0, high_snr: float = 20.0, voices: PositiveInt = 3):
        super().__init__()
        self.prob = prob
        self.low_snr, self.high_snr = check_range("low_snr, high_snr", low_snr, high_snr)
        self.voices = voices

    def forward(self, wav: Tensor, wav_lens: Tensor, generator: torch.Generator | None = None) -> tuple[Tensor, Tensor]:
        chance = Chance(generator)
        rows = chance.chosen(len(wav), self.prob)
        snr_db = chance.uniform(len(rows), self.low_snr, self.high_snr)
        count, samples = wav.shape
        if count < 3 or len(rows) == 0:
            return wav, wav_lens
        stretches = torch.cat((wav, wav[:1])).flatten().unfold(0, samples, 1)
        babble = wav.new_zeros(len(rows), samples)
        for _ in range(self.voices):
            # A stretch reaches into the next utterance: neither may be the one that gets the babble.
            other = (rows + 1 + chance.integers(len(rows), count - 2)) % count
            begin = other * samples + chance.integers(len(rows), samples)
            babble += stretches.index_select(0, to_device(begin, wav.device))
        return mix_at_snr(wav, wav_lens, rows, babble, snr_db), wav_lens
