import numpy as np
import pytest
import scipy.signal
import torch

from kwskit.frontend.chance import Chance
from kwskit.frontend.room import Room
from kwskit.frontend.room_simulation import impulse_responses


@pytest.fixture(scope="module")
def room():
    return Room(prob=1.0, rooms=16)


def test_equals_direct_convolution_cut_at_the_words_end(room):
    lens = torch.tensor([3000, 2000, 2600])
    wav = torch.randn(3, 3000, generator=torch.Generator().manual_seed(0)) * (torch.arange(3000) < lens[:, None])
    out, out_lens = room(wav, lens, torch.Generator().manual_seed(7))
    assert torch.equal(out_lens, lens)
    for row, size in enumerate(lens.tolist()):
        speech = wav[row, :size].double().numpy()
        direct = [np.convolve(speech, response)[:size] for response in room.bank.double().numpy()]
        errors = [np.abs(out[row, :size].numpy() - candidate).max() for candidate in direct]
        assert min(errors) < 1e-5
        assert sorted(errors)[1] > 1e-2


def test_responses_have_unit_energy_and_start_with_the_direct_sound(room):
    assert torch.allclose(room.bank.norm(dim=1), torch.ones(16), atol=1e-5)
    assert (room.bank[:, 0] > 0).all()
    # Nothing comes before the direct sound, which is the first peak: a click stays where it was.
    click = torch.zeros(16, 2000)
    click[:, 500] = 1.0
    out, _ = room(click, torch.full((16,), 2000), torch.Generator().manual_seed(0))
    assert (out[:, :500].abs() < 1e-5).all()
    assert (out[:, 500] > 0.05).all()


def test_keeps_the_level_of_a_steady_sound(room):
    wav = torch.randn(16, 32_000, generator=torch.Generator().manual_seed(0))
    out, _ = room(wav, torch.full((16,), 32_000), torch.Generator().manual_seed(0))
    change = 20 * torch.log10(out[:, 5000:].norm(dim=1) / wav[:, 5000:].norm(dim=1))
    assert change.abs().max() < 1.0


@pytest.mark.parametrize("rt60", [0.2, 0.5])
def test_decays_by_60_db_in_the_reverberation_time(rt60):
    responses = impulse_responses(torch.full((64,), rt60), 16_000, torch.Generator().manual_seed(0)).double()
    decay = 10 * torch.log10(responses.square().flip(1).cumsum(1).flip(1).mean(dim=0))  # Schroeder's integral
    first, last = (int((decay < decay[800] - drop).nonzero()[0]) for drop in (0.0, 20.0))
    assert (last - first) / 16_000 * 3 == pytest.approx(rt60, rel=0.1)


def test_the_deader_the_room_the_more_direct_the_sound():
    """The share of the energy in the first 2.5 ms."""
    dry, wet = (
        impulse_responses(torch.full((256,), rt60), 8000, torch.Generator().manual_seed(0))[:, :40]
        .square()
        .sum(1)
        .mean()
        for rt60 in (0.15, 0.8)
    )
    assert dry > wet + 0.1


def test_a_bank_is_repeated_by_its_seed():
    first, again, other = (Room(rooms=4, seed=seed).bank for seed in (1, 1, 2))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_transforms_leave_room_for_the_tail(room):
    """Nothing wraps around: scipy's linear convolution of a full-length utterance is met at its first samples too."""
    wav = torch.randn(4, 9600, generator=torch.Generator().manual_seed(3))
    out, _ = room(wav, torch.full((4,), 9600), torch.Generator().manual_seed(1))
    chosen = room.draw(4, Chance(torch.Generator().manual_seed(1)))
    for row, index in zip(chosen.rows.tolist(), chosen.settings[0].tolist(), strict=True):
        expected = scipy.signal.fftconvolve(wav[row].double().numpy(), room.bank[index].double().numpy())[:9600]
        assert np.abs(out[row].numpy() - expected).max() < 1e-5
