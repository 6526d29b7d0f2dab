"""Backgrounds and rooms that come from files, in the layouts of MUSAN and RIRS_NOISES."""

import math
import wave

import numpy as np
import pytest
import scipy.signal
import soundfile
import torch

from kwskit.data.audio import AudioError
from kwskit.frontend.chance import Chance
from kwskit.frontend.musan import Musan
from kwskit.frontend.room import Room
from kwskit.frontend.room_recordings import recorded_responses
from kwskit.frontend.sound_bank import SoundBank
from kwskit.frontend.waveform import Waveform

RATE = 16_000
# A kind is recognised by its only frequency.
TONES = {"noise/free-sound": 500.0, "music/fma": 1500.0, "speech/librivox": 2987.0}


@pytest.fixture(scope="module")
def musan(tmp_path_factory):
    """Two files of two seconds of each kind, one tone a kind, and one file that is no audio."""
    folder = tmp_path_factory.mktemp("musan")
    time = np.arange(2 * RATE) / RATE
    for kind, tone in TONES.items():
        (folder / kind).mkdir(parents=True)
        for k in range(2):
            name = f"{kind.replace('/', '-')}-{k:04}.wav"
            soundfile.write(folder / kind / name, 0.3 * np.sin(2 * np.pi * tone * time), RATE)
    (folder / "noise/free-sound/broken.wav").write_bytes(b"RIFF")
    (folder / "noise/free-sound/LICENSE").write_text("text")
    return folder


@pytest.fixture(scope="module")
def rirs(tmp_path_factory):
    """RIRS_NOISES: one simulated and one two-channel real response, and an isotropic noise that is none."""
    root = tmp_path_factory.mktemp("rirs") / "RIRS_NOISES"
    simulated, real = root / "simulated_rirs/smallroom/Room001", root / "real_rirs_isotropic_noises"
    simulated.mkdir(parents=True)
    real.mkdir()
    decay = np.exp(-np.arange(3000) / 400.0)
    soundfile.write(simulated / "Room001-00001.wav", np.concatenate([np.zeros(40), 0.5 * decay]), RATE, "FLOAT")
    sound = np.random.default_rng(0).standard_normal((4000, 2)) * 0.01
    sound[100] = (0.9, 0.1)
    soundfile.write(real / "RWCP_type1_rir.wav", sound, RATE, "FLOAT")
    soundfile.write(real / "RWCP_type4_noise.wav", np.ones(500) * 0.1, RATE)
    line = "--rir-id small-Room001-00001 --room-id small-Room001 "
    path = "RIRS_NOISES/simulated_rirs/smallroom/Room001/Room001-00001.wav"
    (root / "simulated_rirs/smallroom/rir_list").write_text(f"{line}{path}\n")
    listed = "--rir-id 00001 --room-id RWCP RIRS_NOISES/real_rirs_isotropic_noises/RWCP_type1_rir.wav\n"
    (real / "rir_list").write_text(listed)
    return root


def tone_levels(sound):
    """(N, 3) amplitude of each kind's tone."""
    samples = sound.shape[1]
    spectrum = torch.fft.rfft(sound.double() * torch.hann_window(samples)).abs()
    return torch.stack([spectrum[:, round(tone * samples / RATE)] for tone in TONES.values()], dim=1)


def test_each_utterance_hears_one_kind_within_its_range(musan):
    wav = 0.1 * torch.randn(300, 1600, generator=torch.Generator().manual_seed(0))
    lens = torch.full((300,), 1600)
    noisy, _ = Musan(str(musan), prob=1.0)(wav, lens, torch.Generator().manual_seed(1))
    added = noisy - wav
    kind = tone_levels(added).argmax(dim=1)
    ratio = 20 * torch.log10(wav.norm(dim=1) / added.norm(dim=1))
    for k, (low, high) in enumerate([(0, 15), (5, 15), (13, 20)]):
        own = ratio[kind == k]
        assert 70 < len(own) < 130
        assert low - 0.01 <= own.min() < low + 1
        assert high - 1 < own.max() <= high + 0.01


def test_the_share_of_utterances_and_the_seed_are_kept(musan):
    wav, lens = torch.randn(400, 800), torch.full((400,), 800)
    part = Musan(str(musan), prob=0.25)
    first, again = (part(wav, lens, torch.Generator().manual_seed(3))[0] for _ in range(2))
    other = Musan(str(musan), prob=0.25)(wav, lens, torch.Generator().manual_seed(3))[0]
    assert torch.equal(first, again)
    assert torch.equal(first, other)
    assert 70 <= int((first != wav).any(dim=1).sum()) <= 130


def test_a_babble_is_the_sum_of_several_voices(musan, monkeypatch):
    asked = []
    stretches = SoundBank.stretches

    def spy(self, count, samples, chance, like):
        asked.append((self.folder.name, count))
        return stretches(self, count, samples, chance, like)

    monkeypatch.setattr(SoundBank, "stretches", spy)
    Musan(str(musan), prob=1.0, voices=(4, 4))(torch.randn(90, 400), torch.full((90,), 400), torch.Generator())
    counts = dict(asked)
    assert counts["noise"] + counts["music"] + counts["speech"] // 4 == 90
    assert counts["speech"] % 4 == 0


def test_what_cannot_be_read_is_left_out_and_named(musan, caplog):
    bank = SoundBank(musan / "noise")
    sound = bank.stretches(5, 1000, Chance(torch.Generator().manual_seed(0)), torch.zeros(1))
    assert sound.abs().max() == pytest.approx(0.3, abs=0.01)
    assert "broken.wav" in caplog.text
    assert "1 of 3 recordings are left out" in caplog.text


def test_a_bank_keeps_no_more_than_asked_for_and_takes_from_many(tmp_path):
    for k in range(30):
        soundfile.write(tmp_path / f"{k}.wav", np.full(40 * RATE, (k + 1) / 64), RATE)
    sound = SoundBank(tmp_path, hours=60 / 3600)._read()
    assert len(sound) == pytest.approx(60 * RATE, rel=0.01)
    assert len(torch.unique(sound)) == 6  # ten seconds of each
    assert len(SoundBank(tmp_path, hours=None)._read()) == 30 * 40 * RATE


def test_a_short_bank_is_heard_again(tmp_path):
    soundfile.write(tmp_path / "a.wav", np.full(500, 0.25), RATE)
    sound = SoundBank(tmp_path).stretches(3, 2000, Chance(None), torch.zeros(1))
    assert (sound == 0.25).all()


def test_recorded_rooms_are_those_of_the_lists(rirs):
    found = recorded_responses(rirs, 10, 2000, seed=0)
    assert found.shape == (2, 2000)  # not the noise, which no list names
    assert torch.allclose(found.norm(dim=1), torch.ones(2), atol=1e-5)
    peaks = found.abs().argmax(dim=1)
    assert (peaks == 0).all()  # the direct sound
    decay = np.exp(-np.arange(2000) / 400.0)
    matches = [np.allclose(row.numpy(), decay / np.linalg.norm(decay), atol=1e-3) for row in found]
    assert sum(matches) == 1


def test_a_recorded_room_is_a_convolution(rirs):
    room = Room(prob=1.0, folder=rirs)
    wav, lens = torch.randn(2, 3000), torch.tensor([3000, 3000])
    out, _ = room(wav, lens, torch.Generator().manual_seed(0))
    for k in range(2):
        wanted = [scipy.signal.fftconvolve(wav[k].numpy(), h.numpy())[:3000] for h in room.bank]
        assert min(np.abs(out[k].numpy() - w).max() for w in wanted) < 1e-3


def test_a_folder_of_any_responses(tmp_path):
    click = np.zeros(2400, np.float32)
    click[30] = 0.5
    soundfile.write(tmp_path / "room.wav", click, 48_000, "FLOAT")
    found = recorded_responses(tmp_path, 5, 400, seed=1)
    assert int(found[0].abs().argmax()) == 0
    assert math.isclose(float(found.norm()), 1.0, rel_tol=1e-5)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda folder: Musan(str(folder)), "has none of the folders noise, music, speech"),
        (lambda folder: SoundBank(folder), "no audio files in this folder"),
        (lambda folder: Room(folder=folder), "no impulse responses"),
    ],
)
def test_wrong_folders_are_told(tmp_path, make, message):
    with pytest.raises(ValueError, match=message):
        make(tmp_path)


def test_a_list_that_names_what_is_not_there(tmp_path):
    (tmp_path / "rir_list").write_text("--rir-id 1 --room-id 1 RIRS_NOISES/gone.wav\n")
    with pytest.raises(AudioError, match=r"names RIRS_NOISES/gone\.wav"):
        Room(folder=tmp_path)


def test_silent_responses_are_refused(tmp_path):
    with wave.open(str(tmp_path / "a.wav"), "wb") as sink:
        sink.setnchannels(1)
        sink.setsampwidth(2)
        sink.setframerate(RATE)
        sink.writeframes(bytes(2000))
    with pytest.raises(AudioError, match="a silent impulse response"):
        Room(folder=tmp_path)


def test_the_chain_takes_both_corpora(musan, rirs):
    chain = Waveform(room=Room(prob=0.3), musan=str(musan), rirs=str(rirs))
    assert isinstance(chain.noise, Musan)
    assert chain.babble is None
    assert chain.room.prob == 0.3
    assert len(chain.room.bank) == 2
    wav, lens = torch.randn(6, 4000), torch.full((6,), 4000)
    out, out_lens = chain(wav, lens, torch.Generator().manual_seed(0))
    assert out.isfinite().all()
    assert out.shape[1] == out_lens.max()
