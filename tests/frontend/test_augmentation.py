"""What every waveform augmentation must keep to."""

import pytest
import torch

from kwskit import registry

NAMES = ["gain", "noise", "babble", "room", "band_limit", "speed", "waveform"]
# Small banks: the tests look at one utterance at a time.
SMALL = {"noise": {"seconds": 1.0}, "room": {"rooms": 8}}


def part(name, **arguments):
    if name == "waveform":
        arguments = {key: registry.build("augment", key, **SMALL[key]) for key in SMALL} | arguments
    return registry.build("augment", name, **(SMALL.get(name, {}) | arguments))


def speech(count=6, seed=0):
    """(count, samples) noise bursts of several lengths, zero behind their ends, and the lengths."""
    random = torch.Generator().manual_seed(seed)
    lens = torch.randint(3000, 9000, (count,), generator=random)
    wav = torch.randn(count, int(lens.max()), generator=random) * 0.1
    return wav * (torch.arange(wav.shape[1]) < lens[:, None]), lens


def seeded(seed):
    return torch.Generator().manual_seed(seed)


def always(name):
    """The part with all its random shares at 1."""
    if name == "waveform":
        inner = {key: part(key, prob=1.0) for key in NAMES[:-1]}
        return registry.build("augment", "waveform", **inner)
    return part(name, prob=1.0)


@pytest.mark.parametrize("name", NAMES)
def test_a_generator_in_the_same_state_gives_the_same_sound(name):
    wav, lens = speech()
    augment = part(name, **({} if name == "waveform" else {"prob": 0.5}))
    first, again, other = (augment(wav, lens, seeded(seed)) for seed in (3, 3, 4))
    assert torch.equal(first[0], again[0])
    assert torch.equal(first[1], again[1])
    assert first[0].shape != other[0].shape or not torch.equal(first[0], other[0])


@pytest.mark.parametrize("name", NAMES)
def test_torchs_own_generator_stays_untouched_when_one_is_given(name):
    wav, lens = speech()
    before = torch.get_rng_state()
    always(name)(wav, lens, seeded(1))
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("name", NAMES)
def test_changes_its_input_in_no_place_and_keeps_padding_zero(name):
    wav, lens = speech()
    kept, kept_lens = wav.clone(), lens.clone()
    out, out_lens = always(name)(wav, lens, seeded(1))
    assert torch.equal(wav, kept)
    assert torch.equal(lens, kept_lens)
    assert not torch.equal(out[:, :3000], wav[:, :3000])
    assert out.dtype == torch.float32
    assert out.isfinite().all()
    assert out.shape[1] == out_lens.max()
    for row, size in zip(out, out_lens.tolist(), strict=True):
        assert (row[size:] == 0).all()
        assert row[:size].abs().max() > 0


@pytest.mark.parametrize("name", NAMES)
def test_probability_zero_leaves_everything(name):
    wav, lens = speech()
    off = dict.fromkeys(NAMES[:-1], False) if name == "waveform" else {"prob": 0.0}
    augment = part(name, **off)
    out, out_lens = augment(wav, lens, seeded(1))
    assert torch.equal(out, wav)
    assert torch.equal(out_lens, lens)


@pytest.mark.parametrize("name", NAMES[:-1])
def test_probability_is_the_share_of_utterances_that_change(name):
    wav, lens = speech(count=400)
    out, _ = part(name, prob=0.25)(wav, lens, seeded(1))
    changed = (out[:, :2000] != wav[:, :2000]).any(dim=1).float().mean()
    assert 0.15 < changed < 0.35


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("make", ["silence", "single", "shortest"])
def test_odd_batches_stay_finite(name, make):
    wav, lens = {
        "silence": (torch.zeros(3, 2000), torch.tensor([2000, 1500, 400])),
        "single": (torch.randn(1, 3000) * 0.1, torch.tensor([3000])),
        "shortest": (torch.randn(3, 400) * 0.1, torch.full((3,), 400)),
    }[make]
    out, out_lens = always(name)(wav, lens, seeded(2))
    assert out.isfinite().all()
    assert (out_lens >= 400).all()
    if make == "silence":
        assert (out == 0).all()


@pytest.mark.parametrize("name", NAMES)
def test_banks_are_no_part_of_a_checkpoint(name):
    assert part(name).state_dict() == {}


@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        ("gain", {"prob": 1.5}, "prob must be a number from 0 to 1, not 1.5"),
        ("gain", {"low_db": 3.0, "high_db": -3.0}, "low_db, high_db: 3.0 to -3.0 is no range"),
        ("noise", {"low_snr": 9.0, "high_snr": 3.0}, "low_snr, high_snr"),
        ("room", {"low_rt60": 0.01}, "at or above 0.05"),
        ("band_limit", {"low_cut": (0.0, 100.0)}, "low_cut"),
        ("speed", {"factors": [3.0]}, "factors must be a list, each a number from 0.5 to 2"),
        ("speed", {"factors": [0.98765]}, "a fraction such as"),
        ("babble", {"voices": 0}, "voices must be a whole number of at least 1"),
    ],
)
def test_wrong_settings_are_named(name, arguments, message):
    with pytest.raises(ValueError, match=message):
        registry.build("augment", name, **arguments)
