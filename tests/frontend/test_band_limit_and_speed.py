import numpy as np
import pytest
import scipy.signal
import torch

from kwskit.frontend.band_limit import BandLimit
from kwskit.frontend.chance import Chance
from kwskit.frontend.noise import Noise
from kwskit.frontend.room import Room
from kwskit.frontend.speed import Speed
from kwskit.frontend.waveform import Waveform


def tone(hertz, samples=8000):
    return torch.sin(2 * torch.pi * hertz * torch.arange(samples) / 16_000)[None]


def level(wav):
    """dB of the middle of a signal, relative to a full tone."""
    return 20 * np.log10(wav[0, 2000:-2000].norm().item() / tone(1000)[0, 2000:-2000].norm().item() + 1e-12)


class Fixed(BandLimit):
    """Band limits of one setting."""

    def __init__(self, low, high):
        super().__init__(prob=1.0)
        self.settings = low, high

    def draw(self, count, chance):
        drawn = super().draw(count, chance)
        settings = tuple(torch.full((len(drawn.rows),), value) for value in self.settings)
        return type(drawn)(drawn.rows, settings)


@pytest.mark.parametrize("hertz", [60.0, 150.0, 300.0, 1000.0, 3400.0, 5000.0])
def test_a_telephone_passes_what_two_butterworth_filters_pass(hertz):
    out, _ = Fixed(300.0, 3400.0)(tone(hertz), torch.tensor([8000]))
    expected = 1.0
    for cut, kind in ((300.0, "highpass"), (3400.0, "lowpass")):
        coefficients = scipy.signal.butter(4, 2 * np.pi * cut, kind, analog=True)
        expected *= abs(scipy.signal.freqs(*coefficients, worN=[2 * np.pi * hertz])[1][0])
    assert level(out) == pytest.approx(20 * np.log10(expected), abs=0.1)


def test_has_no_delay():
    click = torch.zeros(1, 3000)
    click[0, 1000] = 1.0
    out, _ = Fixed(1.0, 3000.0)(click, torch.tensor([3000]))
    assert out.argmax() == 1000
    assert torch.allclose(out[0, 900:1000].flip(0), out[0, 1001:1101], atol=1e-3)


def test_draws_each_kind_within_its_ranges():
    wav = torch.zeros(600, 400)
    limits = BandLimit(1.0, (100.0, 200.0), (4000.0, 5000.0))
    seen = limits.draw(len(wav), Chance(torch.Generator().manual_seed(0)))
    low, high = seen.settings
    highpass, lowpass, telephone = high > 8000, low < 50, (low == 300) & (high == 3400)
    assert all(150 < int(kind.sum()) < 250 for kind in (highpass, lowpass, telephone))
    assert (highpass | lowpass | telephone).all()
    assert ((low[highpass] >= 100) & (low[highpass] <= 200)).all()
    assert ((high[lowpass] >= 4000) & (high[lowpass] <= 5000)).all()


@pytest.mark.parametrize("factor", [0.8, 0.9, 0.95, 1.05, 1.1, 1.25])
def test_speed_changes_length_and_pitch_by_its_factor(factor):
    lens = torch.tensor([8000, 5001])
    wav = torch.cat((tone(1000), tone(1000) * (torch.arange(8000) < 5001)))
    out, out_lens = Speed(1.0, [factor])(wav, lens, torch.Generator().manual_seed(0))
    assert out_lens.tolist() == [int(np.ceil(n / factor - 1e-9)) for n in (8000, 5001)]
    middle = out[0, 1000 : int(out_lens[0]) - 1000].double()
    time = torch.arange(1000, int(out_lens[0]) - 1000, dtype=torch.float64) / 16_000
    expected = torch.sin(2 * torch.pi * 1000 * factor * time)
    assert (middle - expected).abs().max() < 0.01


def test_every_speed_is_used_and_mixed_with_the_others_in_one_batch():
    wav = tone(500).repeat(300, 1)
    lens = torch.full((300,), 8000)
    out, out_lens = Speed(0.5, (0.9, 1.1))(wav, lens, torch.Generator().manual_seed(0))
    sizes, counts = out_lens.unique(return_counts=True)
    assert sizes.tolist() == [7273, 8000, 8889]
    assert all(50 < n < 180 for n in counts.tolist())
    for size in sizes.tolist():
        alike = out[out_lens == size]
        assert torch.allclose(alike, alike[:1].expand_as(alike), atol=1e-6)


def test_the_chain_with_one_transform_equals_its_parts_in_turn():
    """Room, then band limits, then speed, each with its own transform, drawing the same numbers."""
    lens = torch.tensor([6000, 4500, 5200, 3000])
    wav = torch.randn(4, 6000, generator=torch.Generator().manual_seed(0)) * (torch.arange(6000) < lens[:, None])
    room, limits = Room(0.6, rooms=4, seconds=0.1), BandLimit(0.6)
    chain = Waveform(noise=False, babble=False, gain=False, speed=False, room=room, band_limit=limits)
    together, _ = chain(wav, lens, torch.Generator().manual_seed(2))
    generator = torch.Generator().manual_seed(2)
    in_turn, _ = room(wav, lens, generator)
    in_turn, _ = limits(in_turn, lens, generator)
    # Between the two parts the tail behind a word's end is cut; apart from what it rings back, they are the same.
    for row, size in enumerate(lens.tolist()):
        assert (together[row, : size - 1000] - in_turn[row, : size - 1000]).abs().max() < 2e-3


def test_the_chain_takes_other_parts_and_leaves_out_what_is_false():
    chain = Waveform(noise=Noise(prob=0.1, seconds=0.5), babble=None, room=False)
    assert chain.noise.prob == 0.1
    assert chain.babble is None
    assert chain.room is None
    assert isinstance(chain.speed, Speed)
