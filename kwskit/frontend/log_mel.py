"""Log-mel filter bank features."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from kwskit.arguments import NonNegativeFloat, PositiveFloat, PositiveInt
from kwskit.batch import length_mask
from kwskit.constants import SAMPLE_RATE
from kwskit.numerics import values_on_host
from kwskit.registry import register
from kwskit.stream_shape import FeatureSteps


@register("frontend", "log_mel")
class LogMel(nn.Module):
    """Log-mel energies, mean-normalised per utterance: ``(N, S) samples, (N,) -> (N, T, num_mels), (N,)``.

    Frame ``t`` covers the samples from ``t * hop`` to ``t * hop + window``; an utterance of ``s`` samples
    has ``1 + max(0, s - window) // hop`` frames, so that one shorter than a window still has one frame, and
    trailing samples that fill no window are left out. Samples after an utterance's end count as 0 and its
    padding frames come out as 0: features depend on nothing but the utterance itself. Source: ADML, section
    4.1 (40 mels, 25 ms, 10 ms, mean normalisation without variance); Hann window, power spectrum, HTK mel
    scale and triangles are ours.

    On a GPU and in exported graphs the Fourier transform is one strided convolution with its cosines and sines, over
    slices whose length divides both window and hop: it costs the same as a fast transform there and exports
    anywhere. On a CPU it is a fast one, which takes a third of the time.

    Parameters
    ----------
    num_mels : filters
    window : length of a frame in seconds
    hop : seconds between frames
    sample_rate : Hz
    f_min, f_max : lowest and highest frequency of the filters in Hz; ``f_max`` is by default half the sample rate
    floor : least energy before the logarithm; the default is about what 16-bit rounding noise has
    log : take the logarithm; false gives energies as they are, with which JMCL's code trains
    fft_size : points of the Fourier transform, at least the samples of a window; by default the least power of 2
    mean_normalise : subtract each filter's mean over the utterance's frames
    """

    dft: Tensor
    filters: Tensor

    def __init__(
        self,
        num_mels: PositiveInt = 40,
        window: PositiveFloat = 0.025,
        hop: PositiveFloat = 0.010,
        sample_rate: PositiveInt = SAMPLE_RATE,
        f_min: NonNegativeFloat = 20.0,
        f_max: PositiveFloat | None = None,
        floor: PositiveFloat = 1e-6,
        mean_normalise: bool = True,
        log: bool = True,
        fft_size: PositiveInt | None = None,
    ):
        super().__init__()
        self.window = round(window * sample_rate)
        self.hop = round(hop * sample_rate)
        if not 0 < self.hop <= self.window:
            raise ValueError(f"hop must lie in (0, window], not {hop} s with a window of {window} s")
        f_max = sample_rate / 2 if f_max is None else f_max
        if not 0 <= f_min < f_max <= sample_rate / 2:
            raise ValueError(f"0 <= f_min < f_max <= {sample_rate / 2} Hz must hold, not {f_min} and {f_max}")
        self.num_features = num_mels
        self.floor = floor
        self.mean_normalise, self.log = mean_normalise, log
        self.slice = math.gcd(self.window, self.hop)
        fft_size = 1 << (self.window - 1).bit_length() if fft_size is None else fft_size
        if fft_size < self.window:
            raise ValueError(f"fft_size must be at least the {self.window} samples of a window, not {fft_size}")
        self.fft_size = fft_size
        # Cosines and sines of all bins, (2 * bins, slice, 1, slices of a window).
        dft = windowed_dft(self.window, fft_size).unflatten(1, (-1, self.slice)).transpose(1, 2).unsqueeze(2)
        filters = mel_filters(fft_size, num_mels, sample_rate, f_min, f_max)
        self.register_buffer("dft", dft.float().contiguous(memory_format=torch.channels_last), persistent=False)
        # Each filter twice: the power of a bin is the sum of its squared cosine and sine part.
        self.register_buffer("filters", filters.repeat(1, 2)[:, :, None, None].float(), persistent=False)

    def forward(self, wav: Tensor, wav_lens: Tensor) -> tuple[Tensor, Tensor]:
        # Powers span more decades than half precision resolves.
        with torch.autocast(wav.device.type, enabled=False):
            wav = wav.masked_fill(~length_mask(wav_lens, wav.shape[1]), 0.0)
            feats = self._energy(wav)
            lens = (wav_lens - self.window).clamp(min=0).div(self.hop, rounding_mode="floor") + 1
            padding = ~length_mask(lens, feats.shape[1]).unsqueeze(-1)
            feats = feats.masked_fill(padding, 0.0)
            if self.mean_normalise:
                feats = (feats - feats.sum(1, keepdim=True) / lens[:, None, None]).masked_fill(padding, 0.0)
        return feats, lens

    @property
    def stream(self) -> FeatureSteps | None:
        """How features of a stream are made; None with ``mean_normalise``, which needs the whole of an utterance."""
        return None if self.mean_normalise else FeatureSteps(self.window, self.hop)

    def stream_features(self, wav: Tensor) -> Tensor:
        """Features (N, T, num_mels) of stretches of streams (N, S), as ``stream`` has it."""
        with torch.autocast(wav.device.type, enabled=False):
            return self._energy(wav)

    def _energy(self, wav: Tensor) -> Tensor:
        """(N, T, num_mels) of samples (N, S)."""
        wav = wav if wav.dtype == torch.float64 else wav.float()
        frames = max(1, 1 + (wav.shape[1] - self.window) // self.hop)
        wav = F.pad(wav, (0, (frames - 1) * self.hop + self.window - wav.shape[1]))
        energy = self._fast_energy(wav) if values_on_host(wav) else self._convolved_energy(wav)
        return energy.clamp(min=self.floor).log() if self.log else energy

    def _fast_energy(self, wav: Tensor) -> Tensor:
        """(N, T, num_mels) of padded samples."""
        shape = torch.hann_window(self.window, dtype=wav.dtype)
        spectrum = torch.fft.rfft(wav.unfold(1, self.window, self.hop) * shape, n=self.fft_size)
        # Both parts of a bin go through its weight: to add them first takes longer than the product.
        parts = torch.view_as_real(spectrum).square().flatten(-2)
        filters = self.filters[:, : spectrum.shape[2], 0, 0].to(wav.dtype)
        return parts @ filters.repeat_interleave(2, 1).T

    def _convolved_energy(self, wav: Tensor) -> Tensor:
        """The same."""
        slices = wav.reshape(wav.shape[0], 1, -1, self.slice).permute(0, 3, 1, 2)
        spectrum = F.conv2d(slices, self.dft.to(wav.dtype), stride=(1, self.hop // self.slice))
        energy = F.conv2d(spectrum.square(), self.filters.to(wav.dtype))
        return energy.flatten(2).transpose(1, 2)


def windowed_dft(window: int, fft_size: int) -> Tensor:
    """(2 * bins, window) float64 matrix: Hann-windowed cosines of all ``fft_size // 2 + 1`` bins, then sines."""
    sample = torch.arange(window, dtype=torch.float64)
    frequency = torch.arange(fft_size // 2 + 1, dtype=torch.float64)
    angle = 2 * math.pi / fft_size * frequency[:, None] * sample
    return torch.cat((angle.cos(), angle.sin())) * torch.hann_window(window, dtype=torch.float64)


def mel_filters(fft_size: int, num_mels: int, sample_rate: int, f_min: float, f_max: float) -> Tensor:
    """(num_mels, bins) float64 triangles, equally wide on the HTK mel scale, each with its peak at 1."""
    low, high = (2595 * math.log10(1 + f / 700) for f in (f_min, f_max))
    edges = 700 * (10 ** (torch.linspace(low, high, num_mels + 2, dtype=torch.float64) / 2595) - 1)
    frequency = torch.arange(fft_size // 2 + 1, dtype=torch.float64) * (sample_rate / fft_size)
    left, peak, right = (edges[i : num_mels + i, None] for i in range(3))
    rising = (frequency - left) / (peak - left)
    falling = (right - frequency) / (right - peak)
    return torch.minimum(rising, falling).clamp(min=0)
