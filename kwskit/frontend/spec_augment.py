"""Masks in time and frequency."""

import torch
from torch import Tensor, nn

from kwskit.arguments import NonNegativeInt, Probability
from kwskit.frontend.chance import Chance
from kwskit.registry import register
from kwskit.to_device import to_device


@register("augment", "spec_augment")
class SpecAugment(nn.Module):
    """Hides random stretches of time and bands of features (Park et al. 2019, "SpecAugment", without time warping).

    Hidden values become ``fill``; 0 is the utterance's mean after mean normalisation. Time masks lie within the
    utterance.

    Parameters
    ----------
    prob : share of utterances that are masked
    time_masks, freq_masks : number of masks
    max_time : longest time mask, in frames
    max_freq : widest frequency mask, in features
    max_share : longest time mask, as a share of the utterance
    fill : value of what is hidden
    """

    def __init__(
        self,
        prob: Probability = 1.0,
        time_masks: NonNegativeInt = 2,
        freq_masks: NonNegativeInt = 2,
        max_time: NonNegativeInt = 10,
        max_freq: NonNegativeInt = 6,
        max_share: Probability = 0.15,
        fill: float = 0.0,
    ):
        super().__init__()
        self.prob = prob
        self.time_masks, self.freq_masks = time_masks, freq_masks
        self.max_time, self.max_freq, self.max_share = max_time, max_freq, max_share
        self.fill = fill

    def forward(self, feats: Tensor, feat_lens: Tensor, generator: torch.Generator | None = None) -> Tensor:
        """``feats`` (N, T, F) with ``feat_lens`` (N,) valid frames, masked."""
        count, frames, features = feats.shape
        chance = Chance(generator)
        hit = chance.uniform(count, 0.0, 1.0) < self.prob
        longest = (feat_lens * self.max_share).clamp(max=self.max_time).floor()
        widest = torch.full((count,), float(min(self.max_freq, features)), device=feats.device)
        time = self._masks(self.time_masks, hit, longest, feat_lens, frames, chance)
        freq = self._masks(self.freq_masks, hit, widest, torch.full_like(feat_lens, features), features, chance)
        return feats.masked_fill(time[:, :, None] | freq[:, None, :], self.fill)

    @staticmethod
    def _masks(count: int, hit: Tensor, longest: Tensor, lens: Tensor, size: int, chance: Chance) -> Tensor:
        """(N, size) bool: ``count`` random stretches of 0 to ``longest`` (N,) places, within ``lens`` (N,)."""
        rows, device = len(hit), lens.device
        place = torch.arange(size, device=device)
        masked = torch.zeros(rows, size, dtype=torch.bool, device=device)
        for _ in range(count):
            # Drawn for every utterance, so that one that is not hit does not change what the others get.
            width = (to_device(chance.uniform(rows, 0.0, 1.0), device) * (longest + 1)).floor()
            begin = (to_device(chance.uniform(rows, 0.0, 1.0), device) * (lens - width + 1)).floor()
            masked |= (place >= begin[:, None]) & (place < (begin + width)[:, None])
        return masked & to_device(hit, device)[:, None]
