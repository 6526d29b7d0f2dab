import numpy as np
import pytest
import torch

from kwskit.registry import build


def naive_log_mel(wav, num_mels=40, window=400, hop=160, rate=16000, f_min=20.0, floor=1e-6):
    """Frame by frame with numpy's FFT; triangles drawn bin by bin."""
    if len(wav) < window:
        wav = np.concatenate([wav, np.zeros(window - len(wav))])
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(window) / window)
    edges = 700 * (
        10 ** (np.linspace(*(2595 * np.log10(1 + f / 700) for f in (f_min, rate / 2)), num_mels + 2) / 2595) - 1
    )
    frames = []
    for start in range(0, len(wav) - window + 1, hop):
        power = np.abs(np.fft.rfft(wav[start : start + window] * hann, 512)) ** 2
        energies = [
            np.interp(np.arange(257) * rate / 512, edges[m : m + 3], [0.0, 1.0, 0.0]) @ power for m in range(num_mels)
        ]
        frames.append(np.log(np.maximum(energies, floor)))
    feats = np.array(frames)
    return feats - feats.mean(0)


def test_power_without_logarithm_at_jmcls_settings(batch):
    wav, lens = batch
    frontend = build("frontend", "log_mel", num_mels=128, fft_size=1024, f_min=0.0, log=False, mean_normalise=False)
    feats, feat_lens = frontend.double()(wav.double(), lens)
    assert feat_lens.tolist() == [98, 60, 1, 1]
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(400) / 400)
    edges = 700 * (10 ** (np.linspace(0, 2595 * np.log10(1 + 8000 / 700), 130) / 2595) - 1)
    for row, frame in [(0, 0), (0, 97), (1, 30)]:
        power = np.abs(np.fft.rfft(wav[row, 160 * frame :][:400].double().numpy() * hann, 1024)) ** 2
        triangles = [np.interp(np.arange(513) * 15.625, edges[m : m + 3], [0, 1, 0]) for m in range(128)]
        np.testing.assert_allclose(feats[row, frame], np.array(triangles) @ power, rtol=1e-4, atol=1e-9)
    assert not feats[1, 60:].any()
    # What a GPU and an exported graph compute.
    convolved, fast = frontend._convolved_energy(wav.double()), frontend._fast_energy(wav.double())
    torch.testing.assert_close(convolved, fast, rtol=1e-5, atol=1e-9)


def test_a_transform_shorter_than_a_window():
    with pytest.raises(ValueError, match="at least the 400 samples of a window, not 256"):
        build("frontend", "log_mel", fft_size=256)


@pytest.fixture
def batch():
    generator = torch.Generator().manual_seed(1)
    lens = torch.tensor([16000, 9999, 400, 37])
    wav = torch.randn(4, 16000, generator=generator) * torch.tensor([0.3, 0.01, 0.1, 0.1])[:, None]
    wav[0] += torch.sin(torch.arange(16000) * 0.3)
    return wav * (torch.arange(16000) < lens[:, None]), lens


def test_log_mel_equals_fft_frame_by_frame(batch):
    wav, lens = batch
    feats, feat_lens = build("frontend", "log_mel").double()(wav.double(), lens)
    assert feat_lens.tolist() == [98, 60, 1, 1]
    for i, (samples, frames) in enumerate(zip(lens.tolist(), feat_lens.tolist(), strict=True)):
        expected = naive_log_mel(wav[i, :samples].double().numpy())
        assert expected.shape == (frames, 40)
        np.testing.assert_allclose(feats[i, :frames].numpy(), expected, atol=1e-4)
        assert not feats[i, frames:].any()


@pytest.mark.parametrize(
    ("samples", "frames"),
    [(0, 1), (1, 1), (399, 1), (400, 1), (559, 1), (560, 2), (16000, 98), (16079, 98), (16080, 99)],
)
def test_number_of_frames(samples, frames):
    feats, lens = build("frontend", "log_mel")(torch.zeros(1, max(samples, 1)), torch.tensor([samples]))
    assert lens.tolist() == [frames]
    assert feats.shape == (1, frames, 40)


@pytest.mark.parametrize("mean_normalise", [True, False])
def test_features_depend_on_the_utterance_alone(batch, mean_normalise):
    wav, lens = batch
    frontend = build("frontend", "log_mel", mean_normalise=mean_normalise)
    together, frames = frontend(wav, lens)
    garbage = torch.where(torch.arange(20000) < lens[:, None], torch.nn.functional.pad(wav, (0, 4000)), 1e3)
    with_garbage, _ = frontend(garbage, lens)
    for i, n in enumerate(frames.tolist()):
        alone, _ = frontend(wav[i : i + 1, : lens[i]], lens[i : i + 1])
        torch.testing.assert_close(alone[0], together[i, :n], rtol=1e-5, atol=2e-5)
        torch.testing.assert_close(with_garbage[i, :n], together[i, :n], rtol=1e-5, atol=2e-5)
        assert not with_garbage[i, n:].any()


def test_mean_normalisation_removes_gain(batch):
    wav, lens = batch
    frontend = build("frontend", "log_mel", floor=1e-12)
    feats, frames = frontend(wav, lens)
    torch.testing.assert_close(frontend(wav * 0.5, lens)[0], feats, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(feats[0, : frames[0]].mean(0), torch.zeros(40), rtol=0, atol=1e-5)
    kept, _ = build("frontend", "log_mel", mean_normalise=False)(wav, lens)
    assert kept[0].mean().abs() > 0.1


def test_silence_gives_zeros():
    feats, _ = build("frontend", "log_mel")(torch.zeros(1, 4000), torch.tensor([4000]))
    torch.testing.assert_close(feats, torch.zeros_like(feats), rtol=0, atol=1e-5)


def test_other_windows_and_filters_match_torchaudio():
    from torchaudio.functional import melscale_fbanks

    wav = torch.randn(1, 8000, generator=torch.Generator().manual_seed(2))
    frontend = build(
        "frontend", "log_mel", num_mels=32, window=0.032, hop=0.008, f_min=60.0, f_max=3800.0, mean_normalise=False
    )
    feats, _ = frontend(wav, torch.tensor([8000]))
    spectrum = torch.stft(wav, 512, 128, 512, torch.hann_window(512), center=False, return_complex=True).abs().square()
    filters = melscale_fbanks(257, 60.0, 3800.0, 32, 16000)
    torch.testing.assert_close(feats, (spectrum.transpose(1, 2) @ filters).clamp(min=1e-6).log(), rtol=1e-4, atol=1e-4)


def test_autocast_and_gradient(batch):
    wav, lens = batch
    frontend = build("frontend", "log_mel")
    wav = wav.clone().requires_grad_()
    with torch.autocast("cpu", torch.bfloat16):
        feats, _ = frontend(wav, lens)
    torch.testing.assert_close(feats, frontend(wav, lens)[0])
    feats.square().sum().backward()
    assert wav.grad.isfinite().all()
    assert wav.grad[0].any()
    assert not wav.grad[1, 9999:].any()


@pytest.mark.parametrize(
    "arguments", [{"hop": 0.05}, {"hop": 0.0}, {"f_max": 9000.0}, {"f_min": 5000.0, "f_max": 4000.0}]
)
def test_wrong_settings_are_refused(arguments):
    with pytest.raises(ValueError, match=r"hop|f_min"):
        build("frontend", "log_mel", **arguments)


def test_both_transforms_agree():
    wav = torch.randn(3, 400 + 160 * 20, generator=torch.Generator().manual_seed(0)).double()
    mel = build("frontend", "log_mel")
    torch.testing.assert_close(mel._fast_energy(wav), mel._convolved_energy(wav), rtol=1e-5, atol=1e-6)
