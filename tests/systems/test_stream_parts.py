"""What streams gives the frames that it gives offline, and each step is one graph of any length."""

import numpy as np
import pytest
import torch

from kwskit.registry import build
from kwskit.speech_model.frame_stream import FrameStream
from kwskit.speech_model.torch_model import TorchModel
from kwskit.stream_shape import StreamShape
from kwskit.systems.model_directory import save_model
from kwskit.untrusted_yaml import load_parts

YAML = """\
tokenizer: !tokenizer:phoneme {{stress: true}}
system: !system:dual_encoder
  frontend: {frontend}
  acoustic_encoder: {encoder}
  audio_pooler: !pooler:ccsp {{in_dim: 8, dim: 6, attention: 4}}
  text_encoder: !text_encoder:dense {{num_tokens: 75, embedding_dim: 8, dim: 6}}
  text_pooler: !pooler:mean {{dim: 6}}
"""
MEL, LOG_MEL = "!frontend:speech_embedding_mel {}", "!frontend:log_mel {num_mels: 40, mean_normalise: false}"
SMALL = "channels: 12, dilations: [1, 2], dim: 8"
STREAMS = {
    "causal_conv": (LOG_MEL, f"!encoder:causal_conv {{{SMALL}}}"),
    "causal_conv_3": (LOG_MEL, f"!encoder:causal_conv {{{SMALL}, stride: 3}}"),
    "causal_conv_floored": (MEL, f"!encoder:causal_conv {{{SMALL}, num_features: 32, silence: 1.0}}"),
    "speech_embedding_conv": (MEL, f"!encoder:speech_embedding_conv {{{SMALL}, weights: none, ahead: 2}}"),
    "speech_embedding_conv_mels": (
        MEL,
        "!encoder:speech_embedding_conv {channels: 12, dilations: [1, 2], dim: 8, weights: none, mels: true}",
    ),
    "speech_embedding": (MEL, "!encoder:speech_embedding {weights: none, dim: 8}"),
    "speech_embedding_80_ms": (MEL, "!encoder:speech_embedding {weights: none, dim: 8, upsample: false, past: 34}"),
}
WHOLE = {
    "ecapa": (LOG_MEL, "!encoder:ecapa {channels: 16, mfa_channels: 24, dim: 8, scale: 4}"),
    "conv_gru": (LOG_MEL, "!encoder:conv_gru {channels: [4, 4], hidden: 4, dim: 8}"),
    "mean_normalised": ("!frontend:log_mel {num_mels: 40}", f"!encoder:causal_conv {{{SMALL}}}"),
    "recurrent": (MEL, "!encoder:speech_embedding {weights: none, dim: 8, layers: 1, hidden: 3}"),
    "no_floor": (LOG_MEL, "!encoder:speech_embedding {weights: none, dim: 8}"),
}


@pytest.fixture(scope="module")
def model_of(tmp_path_factory):
    """``model_of(frontend, encoder)`` is a model with weights of its own."""
    known = {}

    def make(frontend, encoder):
        if (frontend, encoder) not in known:
            torch.manual_seed(0)
            text = YAML.format(frontend=frontend, encoder=encoder)
            system = load_parts(text, "model.yaml")["system"]
            folder = tmp_path_factory.mktemp("model") / "model"
            save_model(folder, system, text, "a card")
            known[frontend, encoder] = TorchModel(folder)
        return known[frontend, encoder]

    return make


@pytest.fixture(params=STREAMS)
def model(request, model_of):
    return model_of(*STREAMS[request.param])


def speech_like(seconds=2.0):
    """Noise that begins and ends loud, so that the floor of the whole is that of the stream."""
    rng = np.random.default_rng(0)
    loudness = 300 + 3000 * np.abs(np.sin(np.arange(int(seconds * 16_000)) / 5000))
    loudness[:1300] = loudness[-2500:] = 9000
    loudness[:600] = 13_000  # the loudest of all lies in the shortest first step
    return np.clip(rng.normal(size=len(loudness)) * loudness, -32768, 32767).astype(np.int16)


@torch.inference_mode()
def offline(model, pcm):
    frames, _ = model.system.hear(torch.from_numpy(pcm)[None] / 32768, torch.tensor([len(pcm)]))
    return frames[0].numpy()


@pytest.mark.parametrize("block", [333, 1280, 99_999])
def test_frames_of_a_stream_are_those_of_the_whole(model, block):
    pcm = speech_like()
    stream = FrameStream(model)
    blocks = [stream.push(pcm[at : at + block]) for at in range(0, len(pcm), block)]
    found, expected = np.concatenate([*blocks, stream.finish()]), offline(model, pcm)
    assert found.shape == expected.shape
    exact = model.stream.silence is not None or model.stream.per_step == 1
    first = 0 if exact else 1  # to which a stream adds the embedding of the silence before
    np.testing.assert_allclose(found[first:], expected[first:], rtol=1e-3, atol=2e-4 * np.abs(expected).max())


@pytest.mark.parametrize("samples", [1, 400, 700])
def test_the_shortest_streams(model_of, samples):
    model, pcm = model_of(*STREAMS["causal_conv"]), speech_like()[:samples]
    stream = FrameStream(model)
    found = np.concatenate([stream.push(pcm), stream.finish()])
    np.testing.assert_allclose(found, offline(model, pcm), rtol=1e-4, atol=1e-5)


def test_pooled_frames_of_a_word_are_its_embedding(model_of):
    model, pcm = model_of(*STREAMS["causal_conv"]), speech_like()
    stream = FrameStream(model)
    frames = np.concatenate([stream.push(pcm), stream.finish()])
    np.testing.assert_allclose(model.embed_frames(frames[None]), model.embed_windows(pcm[None]), rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("name", WHOLE)
def test_what_looks_at_the_whole_does_not_stream(name, model_of):
    assert model_of(*WHOLE[name]).stream is None


def test_front_ends_say_how_they_stream():
    assert build("frontend", "log_mel").stream is None
    for name, arguments in (("log_mel", {"mean_normalise": False}), ("speech_embedding_mel", {})):
        frontend = build("frontend", name, **arguments)
        wav = torch.randn(1, 5000, generator=torch.Generator().manual_seed(0))
        expected, _ = frontend(wav, torch.tensor([5000]))
        found = frontend.stream_features(wav)
        floor = found.max() - (frontend.stream.floor or torch.inf)
        torch.testing.assert_close(found.clamp(min=floor), expected)
        window, hop = frontend.stream.window, frontend.stream.hop
        torch.testing.assert_close(
            frontend.stream_features(wav[:, 3 * hop : 7 * hop + window]), found[:, 3:8], rtol=1e-4, atol=1e-4
        )


def test_an_encoder_says_whether_it_was_trained_for_streams():
    for name, arguments in (("causal_conv", {}), ("speech_embedding", {"weights": "none"})):
        assert not build("encoder", name, **arguments).stream.after_words
        assert build("encoder", name, after_words=0.5, **arguments).stream.after_words


@pytest.mark.parametrize("wrong", [{"hop": 0}, {"window": 100}, {"stride": -1}, {"past": 10**9}, {"per_step": 0}])
def test_a_shape_that_cannot_be(wrong):
    shape = {"window": 400, "hop": 160, "floor": None, "stride": 2, "past": 84, "per_step": 1, "size": 128}
    with pytest.raises(ValueError, match=next(iter(wrong))):
        StreamShape(**(shape | wrong))
