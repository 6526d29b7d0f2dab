import math

import pytest
import torch

from kwskit.losses.sphereface2 import SphereFace2

COSINES = torch.tensor([[0.8, 0.1, -0.2], [0.3, 0.5, 0.0]], dtype=torch.float64)
WORDS = torch.tensor([0, 1])


def head(**arguments):
    """A head of three classes and audio (2, 4) whose cosines to the centres are COSINES."""
    loss = SphereFace2(3, 4, **arguments)
    with torch.no_grad():
        loss.centres.copy_(torch.cat([3 * torch.eye(3), torch.zeros(3, 1)], 1))
    rest = (1 - COSINES.square().sum(1, keepdim=True)).sqrt()
    return loss, 5 * torch.cat([COSINES, rest], 1)


@pytest.mark.parametrize(
    ("arguments", "value"),
    [
        ({}, 3.9901439697731806),
        ({"margin_type": "A"}, 4.079510408530607),
        ({"scale": 4.0}, 0.7748696007729656),
        ({"scale": 4.0, "margin_type": "A"}, 0.7827389258779868),
        ({"scale": 4.0, "margin": 0.0, "curvature": 1.0}, 0.5744903054087471),
        ({"bias_init": "balanced"}, 7.853139727177076),
    ],
)
@pytest.mark.parametrize("detach_g", [False, True])
@pytest.mark.parametrize("sample_classes", [None, 3])
def test_stated_values(embed, arguments, value, detach_g, sample_classes):
    loss, audio = head(detach_g=detach_g, sample_classes=sample_classes, **arguments)
    assert loss(embed(audio, audio, WORDS)).item() == pytest.approx(value, abs=1e-9)
    assert loss.metrics["target_cosine"].item() == pytest.approx(0.65)


def test_stated_gradients_by_cosine_and_bias(embed):
    loss, audio = head(scale=4.0)
    audio.requires_grad_()
    loss(embed(audio, audio, WORDS)).backward()
    stated = torch.tensor(
        [
            [-0.893693650228331, 0.07277649419674513, 0.018341329841561133],
            [0.20408169188469397, -1.904461009391131, 0.0448877201038583],
        ]
    )
    centres = loss.centres.detach()
    cosines = torch.nn.functional.cosine_similarity(audio[:, None], centres, dim=-1)
    (carried,) = torch.autograd.grad((cosines * stated).sum(), audio)
    torch.testing.assert_close(audio.grad, carried, atol=1e-9, rtol=0)
    assert loss.bias.grad.item() == pytest.approx(-0.28926939343116265, abs=1e-9)


def test_stated_values_of_g():
    loss = SphereFace2(3, 4, margin=0.0, scale=1.0)
    for own in (True, False):
        assert loss.logits(torch.tensor([0.0, 0.5, 1.0, -1.0]), own).tolist() == [-0.75, -0.15625, 1.0, -1.0]


@pytest.mark.parametrize(
    ("classes", "scale", "margin", "value"),
    [
        (3, 32.0, 0.2, 28.608356463057753),
        (210_000, 32.0, 0.2, 6.1924509237987735),
        (85_742, 40.0, 0.4, 3.4882386712464397),
    ],
)
def test_stated_balanced_biases(classes, scale, margin, value):
    loss = SphereFace2(classes, 1, margin=margin, scale=scale, bias_init="balanced")
    assert loss.bias.item() == pytest.approx(value, abs=1e-9)


@pytest.mark.parametrize("margin_type", ["C", "A", "M"])
def test_balanced_bias_balances_gradients_at_right_angles(margin_type):
    """Audio at right angles to all centres: the own centre's gradient is as long as all the others' together."""
    loss = SphereFace2(50, 51, margin_type=margin_type, bias_init="balanced", margin_end=0.5)
    loss.set_progress(1.0)
    own, other = (loss.logits(torch.zeros(()), own).item() for own in (True, False))
    pull, push = 0.7 / (1 + math.exp(own)), 0.3 * 49 / (1 + math.exp(-other))
    assert pull == pytest.approx(push, rel=1e-9)


def by_loops(audio, words, centres, margin_type, margin, scale, balance, curvature, bias):
    def g(z):
        # wespeaker's shift leaves [-1, 1], where only an odd power goes on.
        half = (z + 1) / 2 if curvature == 3 else max(0, (z + 1) / 2)
        return 2 * half**curvature - 1

    total = 0.0
    for x, y in zip(audio, words.tolist(), strict=True):
        for j, w in enumerate(centres):
            c = (x @ w / x.norm() / w.norm()).item()
            theta = math.acos(c)
            if j == y:
                if margin_type == "C":
                    z = g(c) - margin
                elif margin_type == "A":
                    last = math.cos(math.pi - margin)
                    z = g(math.cos(theta + margin)) if c > last else g(c - (1 + last))
                else:
                    z = g(math.cos(min(margin, math.pi / theta) * theta))
                total += balance * math.log1p(math.exp(-(scale * z + bias)))
            else:
                z = {"C": g(c) + margin, "A": g(math.cos(theta - margin)), "M": g(c)}[margin_type]
                total += (1 - balance) * math.log1p(math.exp(scale * z + bias))
    return total / len(audio)


@pytest.mark.parametrize("detach_g", [False, True])
@pytest.mark.parametrize("curvature", [3.0, 2.5])
@pytest.mark.parametrize(("margin_type", "margin"), [("C", 0.3), ("A", 0.6), ("M", 1.7)])
def test_equals_loops(random_rows, embed, margin_type, margin, curvature, detach_g):
    audio, _, words = random_rows(7, dim=3)
    loss = SphereFace2(6, 3, margin_type, margin, 8.0, 0.6, curvature, detach_g=detach_g)
    with torch.no_grad():
        loss.bias.fill_(-0.7)
    audio[0] = -loss.centres[words[0]].detach() + 0.01  # beyond pi - margin
    value = by_loops(audio, words, loss.centres.detach(), margin_type, margin, 8.0, 0.6, curvature, -0.7)
    assert loss(embed(audio, audio, words)).item() == pytest.approx(value, abs=1e-9)


def test_detached_g_has_the_slope_of_the_bare_cosine(embed):
    """The slope of each binary loss is taken where g and the margin put it, but g's own slope counts as 1."""
    loss, audio = head(scale=4.0, detach_g=True)
    audio.requires_grad_()
    loss(embed(audio, audio, WORDS)).backward()
    own = torch.nn.functional.one_hot(WORDS, 3).bool()
    g = 2 * ((COSINES + 1) / 2) ** 3 - 1
    slope = torch.where(own, -0.7 * torch.sigmoid(-4 * (g - 0.2)), 0.3 * torch.sigmoid(4 * (g + 0.2))) * 4 / 2
    cosines = torch.nn.functional.cosine_similarity(audio[:, None], loss.centres.detach(), dim=-1)
    (carried,) = torch.autograd.grad((cosines * slope).sum(), audio)
    torch.testing.assert_close(audio.grad, carried, atol=1e-12, rtol=1e-9)


@pytest.mark.parametrize(
    "arguments",
    [
        {"margin_type": "B"},
        {"bias_init": "one"},
        {"curvature": 0.5},
    ],
)
def test_impossible_arguments_are_refused(arguments):
    with pytest.raises(ValueError, match=next(iter(arguments))):
        SphereFace2(**{"num_classes": 5, **arguments})
