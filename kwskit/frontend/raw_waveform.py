"""Samples as features."""

from torch import Tensor, nn

from kwskit.batch import length_mask
from kwskit.registry import register


@register("frontend", "raw_waveform")
class RawWaveform(nn.Module):
    """Samples as they are: ``(N, S) samples, (N,) -> (N, S, 1), (N,)``.

    For encoders that begin with the waveform, such as ``!encoder:self_supervised``. Samples after an utterance's end
    come out as 0.
    """

    num_features = 1

    def forward(self, wav: Tensor, wav_lens: Tensor) -> tuple[Tensor, Tensor]:
        return wav.masked_fill(~length_mask(wav_lens, wav.shape[1]), 0.0).unsqueeze(-1), wav_lens
