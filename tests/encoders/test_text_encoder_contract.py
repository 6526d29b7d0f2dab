"""What every text encoder promises: tokens of a text depend on that text alone, whatever it is batched with."""

import pytest
import torch
from torch import nn

from kwskit.registry import build

LENS = torch.tensor([9, 4, 1])
ENCODERS = {
    "bilstm": ("bilstm", {"embedding_dim": 6, "hidden": 4, "dim": 3, "positions": True}),
    "bilstm_states": ("bilstm", {"embedding_dim": 6, "hidden": 4, "layers": 1, "dim": None}),
    "dense": ("dense", {"embedding_dim": 6, "dim": 3}),
    "g2p_states": ("g2p_states", {"dim": 3, "frozen": False}),
    "phoneme_vectors": ("phoneme_vectors", {"dim": 3, "frozen": False}),
}


@pytest.fixture(params=["eager", "graph"], autouse=True)
def mode(request, monkeypatch):
    """With and without the short cut for repeated texts, which graphs do not take."""
    if request.param == "graph":
        monkeypatch.setattr(torch.compiler, "is_compiling", lambda: True)


@pytest.fixture(params=ENCODERS)
def encoder(request):
    name, arguments = ENCODERS[request.param]
    torch.manual_seed(0)
    return build("text_encoder", name, num_tokens=75, **arguments)


def tokens():
    ids = torch.randint(4, 74, (3, 9), generator=torch.Generator().manual_seed(1))
    ids[0, 5] = 74  # a phrase of two words
    return ids


def test_shapes_zero_padding_and_repeated_texts(encoder):
    ids, lens = tokens()[[0, 1, 2, 0]], LENS[[0, 1, 2, 0]]
    found = encoder(ids, lens)
    assert found.shape == (4, 9, encoder.dim)
    assert torch.equal(found[0], found[3])
    for row, n in zip(found, lens.tolist(), strict=True):
        assert not row[n:].any()
        assert row[:n].any(dim=-1).all()


def test_padding_never_matters(encoder):
    expected = encoder(tokens(), LENS)
    garbage = nn.functional.pad(tokens(), (0, 4), value=7)
    garbage[torch.arange(13) >= LENS[:, None]] = 7
    found = encoder(garbage, LENS)
    torch.testing.assert_close(found[:, :9], expected)
    assert not found[:, 9:].any()
    for i, n in enumerate(LENS.tolist()):
        torch.testing.assert_close(encoder(tokens()[i : i + 1, :n], LENS[i : i + 1])[0], expected[i, :n])


def test_gradients_reach_every_parameter(encoder):
    encoder(tokens(), LENS).square().sum().backward()
    for name, parameter in encoder.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.any(), name


def test_bfloat16_autocast_is_close(encoder):
    expected = encoder(tokens(), LENS)
    with torch.autocast("cpu", torch.bfloat16):
        found = encoder(tokens(), LENS)
    assert (found.float() - expected).norm() < 0.05 * expected.norm()


@pytest.mark.parametrize("name", ["g2p_states", "phoneme_vectors"])
def test_frozen_by_default(name):
    encoder = build("text_encoder", name, num_tokens=75, dim=3)
    trained = {name for name, parameter in encoder.named_parameters() if parameter.requires_grad}
    assert trained == ({"project.weight", "project.bias"} if name == "g2p_states" else set())
