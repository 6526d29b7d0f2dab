"""Synthetic background noise."""

import torch
from torch import Tensor, nn

from kwskit.arguments import PositiveFloat, Probability, Seed
from kwskit.constants import SAMPLE_RATE
from kwskit.frontend.chance import Chance, check_range
from kwskit.frontend.mixing import mix_at_snr
from kwskit.registry import register
from kwskit.to_device import to_device

# Power falls as f^-exponent: white, two pinkish colours, brown.
EXPONENTS = (0.0, 0.7, 1.0, 1.5, 2.0)
MAINS = (50.0, 60.0)
HUM_HARMONICS = 20
# Noise that changes: colours whose level and spectrum wander, and clatter.
WANDERING = (0.3, 0.8, 1.2)
CLATTERS = 3


@register("augment", "noise")
class Noise(nn.Module):
    """Adds noise of a random colour, from white to brown, or mains hum, at a random SNR (ours).

    A bank of some seconds of each colour is made once; an utterance gets a random stretch of it, so that the cost is
    that of adding.

    Parameters
    ----------
    prob : share of utterances that get noise
    low_snr, high_snr : range of the signal-to-noise ratio in dB
    seconds : length of the bank, for each colour
    seed : of the bank
    changing : have noise in it, too, that does not stay the same: colours that swell and fade, and clatter
    """

    bank: Tensor

    def __init__(
        self,
        prob: Probability = 0.5,
        low_snr: float = 0.0,
        high_snr: float = 25.0,
        seconds: PositiveFloat = 8.0,
        seed: Seed = 0,
        changing: bool = False,
    ):
        super().__init__()
        self.prob = prob
        self.low_snr, self.high_snr = check_range("low_snr, high_snr", low_snr, high_snr)
        generator = torch.Generator().manual_seed(seed)
        bank = noise_bank(round(seconds * SAMPLE_RATE), generator)
        if changing:
            bank = torch.cat((bank, changing_noise_bank(round(seconds * SAMPLE_RATE), generator)))
        self.register_buffer("bank", bank.flatten(), persistent=False)

    def forward(self, wav: Tensor, wav_lens: Tensor, generator: torch.Generator | None = None) -> tuple[Tensor, Tensor]:
        chance = Chance(generator)
        rows = chance.chosen(len(wav), self.prob)
        # A batch longer than the bank hears it again.
        bank = (
            self.bank.repeat(1 + wav.shape[1] // len(self.bank)).to(wav.dtype)
            if wav.shape[1] >= len(self.bank)
            else self.bank
        )
        begins = to_device(chance.integers(len(rows), len(bank) - wav.shape[1] + 1), wav.device)
        noise = bank.unfold(0, wav.shape[1], 1).index_select(0, begins)
        snr_db = chance.uniform(len(rows), self.low_snr, self.high_snr)
        return mix_at_snr(wav, wav_lens, rows, noise, snr_db), wav_lens


def noise_bank(samples: int, generator: torch.Generator) -> Tensor:
    """(kinds, samples) float32 of unit power: coloured noises, then mains hum with its harmonics."""
    kinds = []
    frequency = torch.fft.rfftfreq(samples, 1 / SAMPLE_RATE).clamp(min=20.0)
    for exponent in EXPONENTS:
        spectrum = torch.fft.rfft(torch.randn(samples, generator=generator)) * frequency ** (-exponent / 2)
        kinds.append(torch.fft.irfft(spectrum, samples))
    time = torch.arange(samples) / SAMPLE_RATE
    for mains in MAINS:
        level = torch.rand(HUM_HARMONICS, generator=generator) / torch.arange(1, HUM_HARMONICS + 1)
        phase = torch.rand(HUM_HARMONICS, generator=generator) * 2 * torch.pi
        waves = [level[k] * torch.sin(2 * torch.pi * mains * (k + 1) * time + phase[k]) for k in range(HUM_HARMONICS)]
        kinds.append(torch.stack(waves).sum(0))
    bank = torch.stack(kinds)
    return bank / bank.square().mean(dim=1, keepdim=True).sqrt()


def changing_noise_bank(samples: int, generator: torch.Generator) -> Tensor:
    """(kinds, samples) float32 of unit power: noise whose level wanders, in random bands, then clatter (ours)."""

    def draw(low: float, high: float, count: int) -> Tensor:
        return low * (high / low) ** torch.rand(count, generator=generator)

    kinds = []
    frequency = torch.fft.rfftfreq(samples, 1 / SAMPLE_RATE).clamp(min=20.0)
    for exponent in WANDERING:
        peaks = zip(draw(100, 6000, 4), draw(0.1, 0.5, 4), strict=True)
        shape = sum(2.0 * torch.exp(-0.5 * ((frequency / peak).log() / width).square()) for peak, width in peaks)
        spectrum = torch.fft.rfft(torch.randn(samples, generator=generator)) * frequency ** (-exponent / 2)
        slow = torch.fft.rfft(torch.randn(samples, generator=generator))
        slow[round(float(draw(2, 10, 1)) * samples / SAMPLE_RATE) :] = 0  # what is faster than 2 to 10 Hz
        level = torch.fft.irfft(slow, samples)
        noise = torch.fft.irfft(spectrum * torch.exp(torch.as_tensor(shape)), samples)
        kinds.append(noise * torch.exp(1.2 * level / level.std()))
    for _ in range(CLATTERS):
        noise = 0.01 * torch.randn(samples, generator=generator)
        count = int(draw(2, 12, 1) * samples / SAMPLE_RATE)
        begins = torch.randint(samples, (count,), generator=generator).tolist()
        facts = zip(begins, draw(200, 6000, count), draw(0.003, 0.08, count), draw(0.1, 1, count), strict=True)
        for begin, pitch, decay, loud in facts:
            time = torch.arange(min(samples - begin, round(0.3 * SAMPLE_RATE))) / SAMPLE_RATE
            ring = torch.sin(2 * torch.pi * pitch * time) + 0.7 * torch.randn(len(time), generator=generator)
            noise[begin : begin + len(time)] += loud * ring * torch.exp(-time / decay)
        kinds.append(noise)
    bank = torch.stack(kinds)
    return bank / bank.square().mean(dim=1, keepdim=True).sqrt()
