"""Random microphones and lines."""

import torch
from torch import Tensor

from kwskit.arguments import PositiveInt, Probability
from kwskit.constants import SAMPLE_RATE
from kwskit.frontend.chance import Chance, check_range
from kwskit.frontend.spectral_filter import Draw, SpectralFilter
from kwskit.registry import register
from kwskit.to_device import to_device

# Cut-offs beyond which nothing is left to cut, for a filter that has only one side.
OPEN_LOW, OPEN_HIGH = 1.0, 1e6
TELEPHONE = (300.0, 3400.0)


@register("augment", "band_limit")
class BandLimit(SpectralFilter):
    """Takes away low or high frequencies, or both as a telephone does (ours).

    The slopes are those of a Butterworth filter of order 4, without its delay. Of the utterances that change, equal
    shares lose the lows, lose the highs, or go through a telephone (300 to 3400 Hz).

    Parameters
    ----------
    prob : share of utterances that change
    low_cut : range of the lower cut-off in Hz
    high_cut : range of the upper cut-off in Hz
    sample_rate : Hz
    """

    tail = 1024

    def __init__(
        self,
        prob: Probability = 0.3,
        low_cut: tuple[float, float] = (50.0, 500.0),
        high_cut: tuple[float, float] = (2500.0, 7500.0),
        sample_rate: PositiveInt = SAMPLE_RATE,
    ):
        super().__init__()
        self.prob = prob
        self.low_cut = check_range("low_cut", *low_cut, least=OPEN_LOW)
        self.high_cut = check_range("high_cut", *high_cut, least=OPEN_LOW)
        self.sample_rate = sample_rate

    def draw(self, count: int, chance: Chance) -> Draw:
        """Rows and their lower and upper cut-offs in Hz."""
        rows = chance.chosen(count, self.prob)
        kind = chance.integers(len(rows), 3)
        low = chance.log_uniform(len(rows), *self.low_cut)
        high = chance.log_uniform(len(rows), *self.high_cut)
        low = torch.where(kind == 0, low, torch.where(kind == 1, OPEN_LOW, TELEPHONE[0]))
        high = torch.where(kind == 0, OPEN_HIGH, torch.where(kind == 1, high, TELEPHONE[1]))
        return Draw(rows, (low, high))

    def response(self, settings: tuple[Tensor, ...], n_fft: int, like: Tensor) -> Tensor:
        """(R, bins) gains of the high-pass times the low-pass."""
        frequency = torch.arange(n_fft // 2 + 1, device=like.device, dtype=like.dtype) * (self.sample_rate / n_fft)
        # (f / cut)^8, as an outer product; all of it stays within float32's range.
        below, above = ((to_device(cut.to(like.dtype), like.device) ** -8)[:, None] * frequency**8 for cut in settings)
        return below.div((1.0 + below).mul_(above.add_(1.0))).sqrt_()
