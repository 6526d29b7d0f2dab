import copy

import numpy as np
import pytest
import torch

from kwskit.poolers.weighted_statistics import uniform_weights, weighted_statistics
from kwskit.registry import build

LENS = torch.tensor([9, 4, 1])
MASK = torch.arange(9) < LENS[:, None]
POOLERS = {
    "ccsp": {"in_dim": 6, "dim": 5, "attention": 4},
    "encoded": {
        "encoder": build("encoder", "bilstm", num_features=4, hidden=3, layers=1, dim=6),
        "pooler": build("pooler", "mean", dim=6),
        "stride": 2,
    },
    "ends": {"in_dim": 6, "dim": 5},
    "mean": {"dim": 6},
    "statistics": {"in_dim": 6, "dim": 5},
}


@pytest.fixture(params=["packed", "padded"], autouse=True)
def layout(request, monkeypatch):
    """Both layouts of the frames; the padded one is for GPUs and for compiled or exported graphs."""
    if request.param == "padded":
        monkeypatch.setattr(torch.compiler, "is_compiling", lambda: True)


def pooler(name):
    torch.manual_seed(0)
    built = build("pooler", name, **copy.deepcopy(POOLERS[name]))
    for parameter in built.parameters():
        torch.nn.init.normal_(parameter, 0.1, 0.5)
    return built


def frames():
    return torch.randn(3, 9, 6, generator=torch.Generator().manual_seed(2))


# x = [[1,2,3],[0,0,3]] (channels by frames), given weights.
@pytest.mark.parametrize(
    ("weights", "mean", "std"),
    [
        ([[1 / 3] * 3] * 2, [2.0, 1.0], [0.816496580927726, 1.4142135623730951]),
        ([[0.5, 0.25, 0.25], [0.0, 0.5, 0.5]], [1.75, 1.5], [0.82915619758885, 1.5]),
    ],
)
def test_weighted_statistics_vectors(weights, mean, std):
    x = torch.tensor([[[1.0, 2, 3], [0, 0, 3]]], dtype=torch.float64).transpose(1, 2)
    found = weighted_statistics(x, torch.tensor([weights], dtype=torch.float64).transpose(1, 2))
    torch.testing.assert_close(found[0], torch.tensor([mean], dtype=torch.float64), rtol=1e-9, atol=1e-9)
    torch.testing.assert_close(found[1], torch.tensor([std], dtype=torch.float64), rtol=1e-9, atol=1e-9)


def test_uniform_weights():
    weights = uniform_weights(torch.tensor([[True, True, False], [False, False, False]]), torch.float32)
    assert weights[..., 0].tolist() == [[0.5, 0.5, 0.0], [0.0, 0.0, 0.0]]


def test_ccsp_is_the_stated_formula():
    ccsp = pooler("ccsp").double().eval()
    for norm in (ccsp.attention_norm, ccsp.norm):
        torch.nn.init.normal_(norm.running_mean)
        torch.nn.init.uniform_(norm.running_var, 0.5, 2.0)
    found = ccsp(frames().double(), MASK).detach().numpy()
    p = {name: value.detach().numpy() for name, value in ccsp.state_dict().items()}

    def normalise(x, name):
        scale = p[f"{name}.weight"] / np.sqrt(p[f"{name}.running_var"] + 1e-5)
        return (x - p[f"{name}.running_mean"]) * scale + p[f"{name}.bias"]

    first = np.concatenate([p["frame.weight"][:, :, 0], p["context.weight"]], axis=1)
    for i, n in enumerate(LENS.tolist()):
        h = frames()[i, :n].double().numpy()
        stacked = np.concatenate([h, np.tile(h.mean(0), (n, 1)), np.tile(np.maximum(h.std(0), 1e-6), (n, 1))], axis=1)
        hidden = np.tanh(normalise(np.maximum(stacked @ first.T + p["frame.bias"], 0), "attention_norm"))
        scores = hidden @ p["score.weight"][:, :, 0].T + p["score.bias"]
        weights = np.exp(scores) / np.exp(scores).sum(0)
        mean = (weights * h).sum(0)
        std = np.sqrt(np.maximum((weights * (h - mean) ** 2).sum(0), 1e-12))
        expected = normalise(np.concatenate([mean, std]), "norm") @ p["project.weight"].T + p["project.bias"]
        np.testing.assert_allclose(found[i], expected, rtol=1e-9, atol=1e-9)


def test_a_linear_layer_behind_the_mean_is_one_before_it():
    torch.manual_seed(0)
    mean = build("pooler", "mean", in_dim=6, dim=4)
    assert mean.dim == 4
    before = (frames() @ mean.project.weight.T + mean.project.bias).detach().numpy()
    found = mean(frames().masked_fill(~MASK[..., None], torch.nan), MASK).detach().numpy()
    for i, n in enumerate(LENS.tolist()):
        np.testing.assert_allclose(found[i], before[i, :n].mean(0), rtol=1e-5, atol=1e-6)
    assert not list(build("pooler", "mean", dim=6).parameters())


def test_mean_and_statistics_against_numpy():
    mean, statistics = pooler("mean")(frames(), MASK), pooler("statistics")
    found = statistics(frames(), MASK)
    for i, n in enumerate(LENS.tolist()):
        h = frames()[i, :n].numpy()
        np.testing.assert_allclose(mean[i].numpy(), h.mean(0), rtol=1e-5, atol=1e-6)
        both = torch.tensor(np.concatenate([h.mean(0), np.maximum(h.std(0), 1e-6)]))
        torch.testing.assert_close(found[i], statistics.project(both), rtol=1e-4, atol=1e-5)


def test_parameters_of_ccsp():
    ccsp = build("pooler", "ccsp")
    count = {name: sum(p.numel() for p in module.parameters()) for name, module in ccsp.named_children()}
    assert count["frame"] + count["context"] + count["attention_norm"] + count["score"] == 131_712
    assert (count["norm"], count["project"]) == (1_024, 131_328)


@pytest.mark.parametrize("name", POOLERS)
@pytest.mark.parametrize("training", [False, True])
def test_padding_never_matters(name, training):
    module = pooler(name).train(training)
    expected = module(frames(), MASK)
    padded = torch.nn.functional.pad(frames(), (0, 0, 0, 5))
    mask = torch.nn.functional.pad(MASK, (0, 5))
    padded[~mask] = float("nan")
    torch.testing.assert_close(module(padded, mask), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", POOLERS)
def test_utterance_without_frames_is_finite(name):
    module = pooler(name)
    x = frames().requires_grad_()
    mask = MASK & torch.tensor([True, True, False])[:, None]
    found = module(x, mask)
    assert found.isfinite().all()
    found.square().sum().backward()
    assert x.grad.isfinite().all()
    assert not x.grad[~mask].any()


@pytest.mark.parametrize("name", POOLERS)
def test_gradient_is_the_numerical_one(name):
    module = pooler(name).double()
    x = frames().double().requires_grad_()
    # The deviation of a single frame is floored, a kink; two frames are the fewest with a derivative.
    mask = torch.arange(9) < torch.tensor([9, 4, 2])[:, None]
    assert torch.autograd.gradcheck(lambda x: module(x, mask), x)


@pytest.mark.parametrize("name", POOLERS)
def test_bfloat16_autocast_is_close(name):
    module = pooler(name)
    expected = module(frames(), MASK)
    with torch.autocast("cpu", torch.bfloat16):
        found = module(frames(), MASK)
    assert found.shape == (3, module.dim)
    assert (found.float() - expected).norm() < 0.05 * expected.norm()


def test_an_encoder_sees_the_end_of_every_second_frame():
    encoded, whole = pooler("encoded"), frames()
    found = encoded(whole, MASK)
    for row, size in enumerate(LENS.tolist()):
        own = whole[row : row + 1, :size:2, 2:]
        expected = encoded.encoder(own, torch.tensor([own.shape[1]]))[0].mean(1)
        torch.testing.assert_close(found[row : row + 1], expected)
    assert torch.equal(encoded(whole * torch.tensor([9.0, -5, 1, 1, 1, 1]), MASK), found)
