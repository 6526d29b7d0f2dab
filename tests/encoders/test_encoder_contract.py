"""What every acoustic encoder promises: frames of a word depend on that word alone, whatever it is batched with."""

import copy

import pytest
import torch
from torch import nn

from kwskit.registry import build

LENS = torch.tensor([31, 12, 5, 1])
SCRATCH = {"weights": "none", "frozen": False, "dim": 4}
CONV = {"weights": "none", "frozen": False, "channels": 6, "dilations": [1, 2], "kernel_size": 3, "ahead": 2}
SMALL = {"dim": 8, "layers": 2, "heads": 2, "expansion": 2, "dropout": 0.0}
ENCODERS = {
    "ecapa": ("ecapa", {"channels": 32, "mfa_channels": 24, "dim": 16}, 1),
    "conv_gru": ("conv_gru", {"channels": [6, 7], "hidden": 5, "dim": 4}, 2),
    "conv_gru_4": ("conv_gru", {"channels": [6, 7], "strides": [2, 2], "hidden": 5, "dim": 4}, 4),
    "phonmatchnet": ("conv_gru", {"channels": [6, 7], "kernel_size": 3, "layers": 0, "dim": None}, 2),
    "bilstm": ("bilstm", {"hidden": 5, "layers": 2, "dropout": 0.0, "dim": 4}, 1),
    "bilstm_states": ("bilstm", {"hidden": 5, "layers": 1, "dim": None}, 1),
    "conformer": ("conformer", SMALL, 1),
    "conformer_4": ("conformer", {**SMALL, "subsampling": 4}, 4),
    "mobilenet": ("mobilenet", {"channels": 6, "strides": [2, 1], "kernel_size": 3, "dim": 4}, 2),
    "causal_conv": ("causal_conv", {"channels": 6, "dilations": [1, 2], "kernel_size": 3, "dim": 4}, 2),
    "causal_conv_3": ("causal_conv", {"channels": 6, "dilations": [1], "stride": 3, "dim": 4}, 3),
    "two_stream": ("two_stream", {}, 2),
    "speech_embedding": ("speech_embedding", SCRATCH, 2),
    "speech_embedding_conv": ("speech_embedding_conv", {**CONV, "dim": 4}, 4),
    "speech_embedding_conv_mels": ("speech_embedding_conv", {**CONV, "mels": True, "embeddings": True, "dim": 4}, 4),
    "speech_embedding_lstm": ("speech_embedding", {**SCRATCH, "upsample": False, "layers": 1, "hidden": 5}, 8),
}


@pytest.fixture(params=["packed", "padded"], autouse=True)
def layout(request, monkeypatch):
    """Both layouts of the frames; the padded one is for GPUs and for compiled or exported graphs."""
    if request.param == "padded":
        monkeypatch.setattr(torch.compiler, "is_compiling", lambda: True)


def two_stream():
    convolutions = {"channels": [6, 4], "kernel_size": 3, "layers": 0, "dim": None}
    first = build("encoder", "conv_gru", num_features=8, **convolutions)
    return build("encoder", "two_stream", first=first, second=build("encoder", "speech_embedding", **SCRATCH))


@pytest.fixture(params=ENCODERS)
def encoder(request):
    name, arguments, _ = ENCODERS[request.param]
    torch.manual_seed(0)
    if name == "two_stream":
        return two_stream()
    size = {} if name.startswith("speech_embedding") else {"num_features": 8}
    return build("encoder", name, **size, **arguments)


@pytest.fixture
def stride(request):
    return ENCODERS[request.node.callspec.params["encoder"]][2]


def features(encoder, frames=31):
    return torch.randn(len(LENS), frames, encoder.num_features, generator=torch.Generator().manual_seed(3))


def test_shapes_and_zero_padding(encoder, stride):
    frames, lens = encoder(features(encoder), LENS)
    assert lens.tolist() == [-(-n // stride) for n in LENS.tolist()]
    assert frames.shape == (4, lens[0], encoder.dim)
    for row, n in zip(frames, lens.tolist(), strict=True):
        assert not row[n:].any()
        assert row[:n].any(dim=-1).all()


@pytest.mark.parametrize("training", [False, True])
def test_padding_never_matters(encoder, training):
    encoder.train(training)
    other = copy.deepcopy(encoder)
    garbage = nn.functional.pad(features(encoder), (0, 0, 0, 9), value=7.0)
    garbage[torch.arange(40) >= LENS[:, None]] = 1e4
    expected, lens = encoder(features(encoder), LENS)
    frames, other_lens = other(garbage, LENS)
    assert torch.equal(lens, other_lens)
    torch.testing.assert_close(frames[:, : expected.shape[1]], expected, rtol=1e-4, atol=1e-5)
    assert not frames[:, expected.shape[1] :].any()
    for (name, a), b in zip(encoder.state_dict().items(), other.state_dict().values(), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-5, msg=name)


def test_one_word_equals_the_word_in_a_batch(encoder):
    encoder.eval()
    together, lens = encoder(features(encoder), LENS)
    for i, n in enumerate(LENS.tolist()):
        alone, alone_lens = encoder(features(encoder)[i : i + 1, :n], LENS[i : i + 1])
        assert alone_lens.tolist() == [lens[i]]
        torch.testing.assert_close(alone[0], together[i, : lens[i]], rtol=1e-4, atol=1e-5)


def test_gradients_reach_every_parameter_and_only_valid_frames(encoder):
    feats = features(encoder).requires_grad_()
    frames, _ = encoder(feats, LENS)
    frames.square().sum().backward()
    for name, parameter in encoder.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.any(), name
    for row, n in zip(feats.grad, LENS.tolist(), strict=True):
        assert row[:n].any()
        assert not row[n:].any()


@pytest.mark.parametrize("training", [False, True])
def test_bfloat16_autocast_is_close(encoder, training):
    encoder.train(training)
    expected, _ = encoder(features(encoder), LENS)
    with torch.autocast("cpu", torch.bfloat16):
        frames, _ = encoder(features(encoder), LENS)
    assert (frames.float() - expected).norm() < 0.06 * expected.norm()
    frames.float().sum().backward()
    assert all(p.grad.isfinite().all() for p in encoder.parameters())
