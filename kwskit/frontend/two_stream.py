"""Two front ends at once."""

import torch
from torch import Tensor, nn

from kwskit.registry import register


@register("frontend", "two_stream")
class TwoStreamFrontend(nn.Module):
    """Features of two front ends beside each other: ``(N, S) samples, (N,) -> (N, T, F1 + F2), (N,)``.

    For ``!encoder:two_stream``. Both must have the same hop; ``T`` is the smaller number of frames, so that
    windows of unequal length cost the longer front end's last frame at most. Source: PhonMatchNet (Lee and
    Cho 2023) feeds its two streams so.

    Parameters
    ----------
    first, second : the front ends
    """

    def __init__(self, first: nn.Module, second: nn.Module):
        super().__init__()
        self.first, self.second = first, second
        self.num_features = first.num_features + second.num_features  # type: ignore[operator]  # every front end has it

    def forward(self, wav: Tensor, wav_lens: Tensor) -> tuple[Tensor, Tensor]:
        first, first_lens = self.first(wav, wav_lens)
        second, second_lens = self.second(wav, wav_lens)
        frames = min(first.shape[1], second.shape[1])
        return torch.cat((first[:, :frames], second[:, :frames]), dim=-1), torch.minimum(first_lens, second_lens)
