"""A front end that makes the frames of a stream, and an encoder that runs over windows of them."""

import numpy as np
import pytest
import torch

from kwskit.batch import length_mask
from kwskit.frontend import speech_embedding
from kwskit.speech_model.frame_stream import FrameStream
from kwskit.speech_model.torch_model import TorchModel
from kwskit.stream_shape import StreamShape
from kwskit.systems.model_directory import WEIGHTS, save_model
from kwskit.untrusted_yaml import load_parts

YAML = """\
tokenizer: !tokenizer:phoneme {{stress: false}}
system: !system:dual_encoder
  frontend: !frontend:speech_embedding {{ahead: {ahead}}}
  acoustic_encoder: !encoder:bilstm {{num_features: 96, hidden: 6, layers: 1, dim: 8}}
  audio_pooler: !pooler:ccsp {{in_dim: 8, dim: 6, attention: 4}}
  text_encoder: !text_encoder:dense {{num_tokens: 44, embedding_dim: 8, dim: 6}}
  text_pooler: !pooler:mean {{dim: 6}}
"""


@pytest.fixture(scope="module", params=[0, 2])
def model(request, tmp_path_factory, speech_embedding_weights):
    """A model with weights of chance, also in the network of the package."""
    torch.manual_seed(0)
    text, folder = YAML.format(ahead=request.param), tmp_path_factory.mktemp("model") / "model"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(speech_embedding, "package_weights", lambda: speech_embedding_weights)
        save_model(folder, load_parts(text, "model.yaml")["system"], text, "a card")
        yield TorchModel(folder)


def speech_like(seconds=3.0):
    """Noise with one loud buzz three times, at either end too, so that the floor of the whole is that of the stream."""
    rng = np.random.default_rng(0)
    samples = int(seconds * 16_000)
    noise = rng.normal(size=samples) * (30 + 300 * np.abs(np.sin(np.arange(samples) / 5000)))
    buzz = np.tile(rng.normal(size=160) * 6000, samples // 160)  # the same in every feature
    for loud in (slice(0, 1760), slice(20_000, 22_400), slice(-2560, None)):
        noise[loud] = buzz[loud]
    return np.clip(noise, -32768, 32767).astype(np.int16)


@torch.inference_mode()
def in_one_go(model, pcm):
    """(n, 96) features of the whole recording."""
    feats, _ = model.system.frontend(torch.from_numpy(pcm)[None] / 32768, torch.tensor([len(pcm)]))
    return feats[0].numpy()


def streamed(model, pcm, block):
    stream = FrameStream(model)
    blocks = [stream.push(pcm[at : at + block]) for at in range(0, len(pcm), block)]
    return np.concatenate([*blocks, stream.finish()])


def test_the_front_end_says_how_it_streams(model):
    system = model.system
    assert system.hears_windows
    ahead = system.frontend.frames.ahead
    assert system.stream == model.stream == StreamShape(512, 160, 8.0, 1, 68 - ahead, 1, 96, ahead + 7, span=8)


@pytest.mark.parametrize("block", [333, 99_999])
def test_frames_of_a_stream_are_means_of_the_features_at_all_phases(model, block):
    """Every 10 ms a frame, the mean of the eight around it of what the whole gives where it begins 10 ms later each."""
    pcm = speech_like()
    found = streamed(model, pcm, block)
    phases = [in_one_go(model, pcm[160 * phase :]) for phase in range(8)]
    fine = {8 * k + phase: row for phase, rows in enumerate(phases) for k, row in enumerate(rows)}
    inside = range(90, len(found) - 40)  # where nothing of what lies beyond the recording is seen
    expected = np.stack([np.mean([fine[at] for at in range(k - 4, k + 4)], 0) for k in inside])
    np.testing.assert_allclose(found[inside], expected, rtol=1e-3, atol=1e-3 * np.abs(expected).max())


def test_windows_of_the_stream_are_encoded_and_pooled(model):
    frames, system = streamed(model, speech_like(), 1280), model.system
    windows = np.stack([frames[at : at + 9 * 8 : 8] for at in range(0, 160, 24)])
    with torch.inference_mode():
        expected = []
        for few in windows:
            encoded, lens = system.acoustic_encoder(torch.from_numpy(few)[None], torch.tensor([9]))
            pooled = system.audio_pooler(encoded, length_mask(lens, 9))[0].numpy()
            expected.append(pooled / np.linalg.norm(pooled))
    found = model.embed_frames(windows)
    np.testing.assert_allclose(found, expected, atol=1e-4)
    assert np.abs(found[1:] - found[:-1]).max(1).min() > 0.002


def test_short_words_have_an_embedding(model):
    for samples in (1, 300, 1500):
        found = model.embed_windows(speech_like()[None, :samples])
        assert np.linalg.norm(found) == pytest.approx(1, abs=1e-5)
        frames = streamed(model, speech_like()[:samples], 100)
        assert np.linalg.norm(model.embed_frames(frames[None])) == pytest.approx(1, abs=1e-5)


def test_a_model_directory_has_no_weights_of_the_network(model, tmp_path):
    from safetensors import safe_open

    save_model(tmp_path / "model", model.system, YAML.format(ahead=2), "a card")
    with safe_open(tmp_path / "model" / WEIGHTS, "np") as file:
        assert {name.partition(".")[0] for name in file.keys()} == {  # noqa: SIM118
            "acoustic_encoder",
            "audio_pooler",
            "text_encoder",
        }
