"""Random loudness."""

import torch
from torch import Tensor, nn

from kwskit.arguments import Probability
from kwskit.frontend.chance import Chance, check_range
from kwskit.registry import register
from kwskit.to_device import to_device


@register("augment", "gain")
class Gain(nn.Module):
    """Scales utterances by a random level in dB (ours); nothing is clipped.

    Parameters
    ----------
    prob : share of utterances that change
    low_db, high_db : range of the level
    """

    def __init__(self, prob: Probability = 0.5, low_db: float = -15.0, high_db: float = 5.0):
        super().__init__()
        self.prob = prob
        self.low_db, self.high_db = check_range("low_db, high_db", low_db, high_db)

    def forward(self, wav: Tensor, wav_lens: Tensor, generator: torch.Generator | None = None) -> tuple[Tensor, Tensor]:
        chance = Chance(generator)
        rows = chance.chosen(len(wav), self.prob)
        factors = torch.ones(len(wav))
        factors[rows] = 10.0 ** (chance.uniform(len(rows), self.low_db, self.high_db) / 20.0)
        return wav * to_device(factors.to(wav.dtype), wav.device)[:, None], wav_lens
