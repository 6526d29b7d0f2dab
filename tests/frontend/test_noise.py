import math

import pytest
import torch
import torch.nn.functional as F

from kwskit.frontend.babble import Babble
from kwskit.frontend.gain import Gain
from kwskit.frontend.noise import EXPONENTS, MAINS, Noise, changing_noise_bank, noise_bank


def snr_db(clean, noisy, lens):
    """Of each utterance, sample by sample over its own length."""
    found = []
    for speech, mixed, size in zip(clean.double(), noisy.double(), lens.tolist(), strict=True):
        signal = sum(x * x for x in speech[:size].tolist()) / size
        noise = sum((y - x) ** 2 for x, y in zip(speech[:size].tolist(), mixed[:size].tolist(), strict=True)) / size
        found.append(10 * math.log10(signal / noise))
    return found


@pytest.mark.parametrize(
    "augment",
    [
        Noise(1.0, 7.0, 7.0, seconds=1.0),
        Babble(1.0, 7.0, 7.0),
    ],
)
def test_the_signal_to_noise_ratio_is_the_one_asked_for(augment):
    lens = torch.tensor([2000, 3000, 1200, 2500])
    wav = torch.randn(4, 3000, generator=torch.Generator().manual_seed(0)) * torch.tensor([[0.01], [0.1], [0.3], [1]])
    wav = wav * (torch.arange(3000) < lens[:, None])
    noisy, _ = augment(wav, lens, torch.Generator().manual_seed(5))
    assert snr_db(wav, noisy, lens) == pytest.approx([7.0] * 4, abs=0.01)


def test_ratios_fill_their_range():
    wav = torch.randn(200, 1000, generator=torch.Generator().manual_seed(0))
    lens = torch.full((200,), 1000)
    noisy, _ = Noise(1.0, -5.0, 15.0, seconds=1.0)(wav, lens, torch.Generator().manual_seed(5))
    ratio = 20 * torch.log10(wav.norm(dim=1) / (noisy - wav).norm(dim=1))
    assert -5.01 <= ratio.min() < -4
    assert 14 < ratio.max() <= 15.01


def test_colours_fall_by_their_exponents_and_hum_stands_on_its_harmonics():
    bank = noise_bank(2**16, torch.Generator().manual_seed(0))
    assert torch.allclose(bank.square().mean(dim=1), torch.ones(len(bank)), atol=1e-4)
    power = torch.fft.rfft(bank).abs().square()
    frequency = torch.fft.rfftfreq(2**16, 1 / 16_000)
    bands = [(frequency >= low) & (frequency < 2 * low) for low in (125, 250, 500, 1000, 2000)]
    octaves = torch.stack([power[:, band].mean(dim=1) for band in bands], dim=1)
    fall = -torch.log2(octaves[:, 1:] / octaves[:, :-1]).mean(dim=1)
    assert fall[: len(EXPONENTS)].tolist() == pytest.approx(EXPONENTS, abs=0.08)
    for row, mains in enumerate(MAINS, len(EXPONENTS)):
        near = (frequency / mains - (frequency / mains).round()).abs() * mains < 5.0
        assert power[row][near].sum() / power[row].sum() > 0.98


def test_a_batch_longer_than_the_bank_hears_it_again():
    wav = torch.randn(2, 40_000)
    noisy, _ = Noise(1.0, 0.0, 0.0, seconds=0.1)(wav, torch.tensor([40_000, 30_000]), torch.Generator().manual_seed(0))
    assert noisy.isfinite().all()


def test_babble_is_made_of_the_others():
    """With one tone an utterance, nobody hears their own."""
    time = torch.arange(4000) / 16_000
    tones = torch.arange(1, 7) * 400.0
    wav = torch.sin(2 * torch.pi * tones[:, None] * time)
    lens = torch.full((6,), 4000)
    for seed in range(5):
        noisy, _ = Babble(1.0, 0.0, 0.0, voices=1)(wav, lens, torch.Generator().manual_seed(seed))
        heard = torch.fft.rfft((noisy - wav) * torch.hann_window(4000)).abs()
        levels = heard[:, (tones / 4).long()]
        assert (levels.diagonal() < 0.02 * levels.max(dim=1).values).all()


def test_gain_is_within_its_range_and_nothing_else():
    wav = torch.randn(300, 500)
    louder, _ = Gain(1.0, -12.0, 6.0)(wav, torch.full((300,), 500), torch.Generator().manual_seed(1))
    factor = louder.norm(dim=1) / wav.norm(dim=1)
    level = 20 * torch.log10(factor)
    assert -12.01 <= level.min() < -11
    assert 5.5 < level.max() <= 6.01
    assert torch.allclose(F.normalize(louder), F.normalize(wav), atol=1e-6)


def test_noise_may_change_while_it_lasts():
    generator = torch.Generator().manual_seed(3)
    still, changing = noise_bank(4 * 16_000, generator), changing_noise_bank(4 * 16_000, generator)
    torch.testing.assert_close(changing.square().mean(1), torch.ones(len(changing)))
    levels = [10 * bank.unfold(1, 1600, 1600).square().mean(2).log10() for bank in (still[:3], changing)]
    assert levels[0].std(1).max() < 2 < 4 < levels[1].std(1).min()  # dB, of tenths of a second


def test_changing_noise_is_added_when_asked_for():
    usual, more = Noise(seconds=2.0), Noise(seconds=2.0, changing=True)
    assert len(more.bank) > len(usual.bank)
    torch.testing.assert_close(more.bank[: len(usual.bank)], usual.bank)
