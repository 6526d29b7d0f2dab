"""Random speed."""

from collections.abc import Sequence
from fractions import Fraction
from typing import Annotated

import torch
from torch import Tensor, nn

from kwskit.arguments import Probability, Range
from kwskit.frontend.chance import Chance
from kwskit.frontend.spectral_filter import filter_and_resample
from kwskit.registry import register


@register("augment", "speed")
class Speed(nn.Module):
    """Plays utterances faster or slower, pitch included (Ko et al. 2015, "Audio augmentation for speech recognition").

    Parameters
    ----------
    prob : share of utterances that change
    factors : speeds to choose from; 1.1 is faster, and shorter by a factor 1.1

    Raises
    ------
    ValueError
        For a factor outside 0.5 to 2, or one that is no fraction of small numbers.
    """

    def __init__(self, prob: Probability = 0.5, factors: Sequence[Annotated[float, Range(0.5, 2)]] = (0.9, 1.1)):
        super().__init__()
        self.prob = prob
        fractions = [Fraction(factor).limit_denominator(40) for factor in factors]
        for factor, fraction in zip(factors, fractions, strict=True):
            if abs(factor - fraction) > 1e-6:
                raise ValueError(f"speed factor {factor}: expected a fraction such as 9/10 or 20/21")
        # The first of the speeds is for utterances that do not change.
        self.speeds = [Fraction(1), *fractions]

    def draw(self, count: int, chance: Chance) -> Tensor:
        """(count,) int64 on the CPU: which of ``speeds`` each utterance gets."""
        rows = chance.chosen(count, self.prob if len(self.speeds) > 1 else 0.0)
        speed_of = torch.zeros(count, dtype=torch.int64)
        if len(rows):
            speed_of[rows] = 1 + chance.integers(len(rows), len(self.speeds) - 1)
        return speed_of

    def forward(self, wav: Tensor, wav_lens: Tensor, generator: torch.Generator | None = None) -> tuple[Tensor, Tensor]:
        return filter_and_resample(wav, wav_lens, [], self.speeds, self.draw(len(wav), Chance(generator)))
