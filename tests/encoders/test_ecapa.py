import copy

import pytest
import torch
from torch import nn

from kwskit.registry import build

LENS = torch.tensor([31, 12, 5, 1])


@pytest.fixture(params=["packed", "padded"], autouse=True)
def layout(request, monkeypatch):
    """Both layouts of the frames; the padded one is for GPUs and for compiled or exported graphs."""
    if request.param == "padded":
        monkeypatch.setattr(torch.compiler, "is_compiling", lambda: True)


def small(**changes):
    torch.manual_seed(0)
    return build("encoder", "ecapa", **{"num_features": 8, "channels": 32, "mfa_channels": 24, "dim": 16, **changes})


def features(size=8, frames=31):
    return torch.randn(len(LENS), frames, size, generator=torch.Generator().manual_seed(3))


def test_parameters_of_the_paper_layout():
    encoder, pooler = build("encoder", "ecapa"), build("pooler", "ccsp")
    assert sum(p.numel() for p in (*encoder.parameters(), *pooler.parameters())) == 1_767_136
    # By hand: blocks 714,080; aggregation 592,128; tap 196,864.
    assert sum(p.numel() for m in (encoder.stem, encoder.blocks) for p in m.parameters()) == 714_080
    assert sum(p.numel() for p in encoder.mfa.parameters()) == 592_128
    assert sum(p.numel() for p in encoder.project.parameters()) == 196_864


def test_frames_are_not_subsampled_and_padding_is_zero():
    encoder = small()
    frames, lens = encoder(features(), LENS)
    assert frames.shape == (4, 31, encoder.dim)
    assert lens.tolist() == LENS.tolist()
    for row, n in zip(frames, LENS.tolist(), strict=True):
        assert not row[n:].any()
        assert row[:n].any(dim=-1).all()


@pytest.mark.parametrize("training", [False, True])
def test_padding_never_matters(training):
    encoder = small().train(training)
    other = copy.deepcopy(encoder)
    garbage = nn.functional.pad(features(), (0, 0, 0, 9), value=7.0)
    garbage[torch.arange(40) >= LENS[:, None]] = 1e4
    expected, _ = encoder(features(), LENS)
    frames, _ = other(garbage, LENS)
    torch.testing.assert_close(frames[:, :31], expected, rtol=1e-4, atol=1e-5)
    assert not frames[:, 31:].any()
    for (name, a), b in zip(encoder.state_dict().items(), other.state_dict().values(), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-5, msg=name)


def test_one_word_equals_the_word_in_a_batch():
    encoder = small().eval()
    together, _ = encoder(features(), LENS)
    for i, n in enumerate(LENS.tolist()):
        alone, _ = encoder(features()[i : i + 1, :n], LENS[i : i + 1])
        torch.testing.assert_close(alone[0], together[i, :n], rtol=1e-4, atol=1e-5)


def test_gradients_reach_every_parameter_and_only_valid_frames():
    encoder = small()
    feats = features().requires_grad_()
    frames, _ = encoder(feats, LENS)
    frames.square().sum().backward()
    for name, parameter in encoder.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.any(), name
    for row, n in zip(feats.grad, LENS.tolist(), strict=True):
        assert row[:n].any()
        assert not row[n:].any()


def test_gradient_is_the_numerical_one():
    encoder = small(num_features=3, channels=8, mfa_channels=4, dim=3, scale=4, se_channels=4).double()
    feats = torch.randn(3, 7, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(5), requires_grad=True)
    assert torch.autograd.gradcheck(lambda x: encoder(x, torch.tensor([7, 4, 2]))[0], feats)


@pytest.mark.parametrize("training", [False, True])
def test_bfloat16_autocast_is_close(training):
    encoder = small().train(training)
    expected, _ = encoder(features(), LENS)
    with torch.autocast("cpu", torch.bfloat16):
        frames, _ = encoder(features(), LENS)
    assert (frames.float() - expected).norm() < 0.05 * expected.norm()
    frames.float().sum().backward()
    assert all(p.grad.isfinite().all() for p in encoder.parameters())


def test_wrong_scale_is_refused():
    with pytest.raises(ValueError, match="multiple of scale"):
        small(channels=20)
