import math

import pytest
import torch

from kwskit.losses.aam_softmax import AAMSoftmax
from kwskit.losses.terms.keyword_classifier import narrowed, widened

COSINES = torch.tensor([[0.8, 0.1, -0.2], [0.3, 0.5, 0.0]], dtype=torch.float64)
WORDS = torch.tensor([0, 1])


def head(**arguments):
    """A head of three classes and audio (2, 4) whose cosines to the centres are COSINES."""
    loss = AAMSoftmax(3, 4, **arguments)
    with torch.no_grad():
        loss.centres.copy_(torch.cat([3 * torch.eye(3), torch.zeros(3, 1)], 1))
    rest = (1 - COSINES.square().sum(1, keepdim=True)).sqrt()
    return loss, 5 * torch.cat([COSINES, rest], 1)


@pytest.mark.parametrize(
    ("arguments", "value"),
    [
        ({}, 0.22315303074390158),
        ({"scale": 4.0}, 0.4603941934636885),
        ({"scale": 4.0, "fallback": "easy_margin"}, 0.4603941934636885),
        ({"scale": 4.0, "fallback": "classic"}, 0.4603941934636885),
        ({"scale": 4.0, "margin": 0.0}, 0.2682618656086475),
    ],
)
@pytest.mark.parametrize("sample_classes", [None, 3])
def test_stated_values(embed, arguments, value, sample_classes):
    loss, audio = head(sample_classes=sample_classes, **arguments)
    assert loss(embed(audio, audio, WORDS)).item() == pytest.approx(value, abs=1e-9)
    assert loss.metrics["target_cosine"].item() == pytest.approx(0.65)


def test_stated_own_cosines():
    assert widened(torch.tensor([0.8, 0.5, -0.99]), 0.2).tolist() == pytest.approx(
        [0.6648516637959566, 0.31798060149924373, -1.0099334221587584], abs=1e-9
    )


def test_stated_gradients_by_cosine(embed):
    loss, audio = head(scale=4.0)
    audio.requires_grad_()
    loss(embed(audio, audio, WORDS)).backward()
    stated = torch.tensor(
        [
            [-0.29782023790113654, 0.18384720330520235, 0.0553737135117728],
            [0.841833688531181, -1.1991973640068854, 0.2535554343782913],
        ]
    )
    cosines = torch.nn.functional.cosine_similarity(audio[:, None], loss.centres.detach(), dim=-1)
    (carried,) = torch.autograd.grad((cosines * stated).sum(), audio)
    torch.testing.assert_close(audio.grad, carried, atol=1e-9, rtol=0)


def phi(c, margin, fallback):
    theta = math.acos(c)
    if fallback == "easy_margin":
        return math.cos(theta + margin) if c > 0 else c
    if theta < math.pi - margin:
        return math.cos(theta + margin)
    return c - margin * math.sin(math.pi - margin) if fallback == "classic" else c - 1 - math.cos(math.pi - margin)


def by_loops(audio, words, centres, margin, scale, fallback, top_k, top_k_margin):
    total = 0.0
    for x, y in zip(audio, words.tolist(), strict=True):
        cosines = [max((x @ w / x.norm() / w.norm()).item() for w in word) for word in centres]
        own = scale * phi(cosines.pop(y), margin, fallback)
        cosines = sorted(cosines, reverse=True)
        others = [math.cos(math.acos(c) - top_k_margin) for c in cosines[:top_k]] + cosines[top_k:]
        total -= own - math.log(math.exp(own) + sum(math.exp(scale * c) for c in others))
    return total / len(audio)


@pytest.mark.parametrize("sample_classes", [None, 7])
@pytest.mark.parametrize("fallback", ["continuous", "classic", "easy_margin"])
@pytest.mark.parametrize(("sub_centres", "top_k"), [(1, 0), (3, 0), (1, 5), (3, 2), (2, 20)])
def test_equals_loops(random_rows, embed, fallback, sub_centres, top_k, sample_classes):
    audio, _, words = random_rows(8, dim=3)
    loss = AAMSoftmax(7, 3, 0.6, 8.0, sub_centres, fallback, top_k, 0.06, sample_classes=sample_classes)
    centres = loss.centres.detach().reshape(7, sub_centres, 3)
    if sub_centres == 1:
        audio[0] = -centres[words[0], 0] + 0.01  # beyond pi - margin
    audio[1] = centres[words[1], -1] + 0.3
    value = by_loops(audio, words, centres, 0.6, 8.0, fallback, top_k, 0.06)
    assert loss(embed(audio, audio, words)).item() == pytest.approx(value, abs=1e-9)


def test_fallbacks_meet_cosine_margins_at_their_ends():
    """The continuous one joins without a step, the classic one drops by its known gap, and the easy one leaves."""
    last = math.cos(math.pi - 0.4)
    either_side = torch.tensor([last + 1e-12, last - 1e-12])
    above, below = widened(either_side, 0.4).tolist()
    assert above == pytest.approx(below, abs=1e-5)
    above, below = widened(either_side, 0.4, "classic").tolist()
    assert below == pytest.approx(last - 0.4 * math.sin(0.4), abs=1e-9)
    assert widened(torch.tensor([-0.01, 0.01]), 0.4, "easy_margin").tolist() == pytest.approx(
        [-0.01, math.cos(math.acos(0.01) + 0.4)]
    )
    assert narrowed(torch.tensor([0.3]), 0.4).item() == pytest.approx(math.cos(math.acos(0.3) - 0.4))


def test_the_inter_top_k_margin_grows_along(embed):
    loss, audio = head(inter_top_k=1, inter_top_k_margin=0.1, margin_end=1.0, scale=4.0)
    loss.set_progress(0.5)
    half, _ = head(margin=0.1, inter_top_k=1, inter_top_k_margin=0.05, scale=4.0)
    rows = embed(audio, audio, WORDS)
    assert loss(rows).item() == pytest.approx(half(rows).item(), abs=1e-12)


def test_the_nearest_sub_centre_learns(embed):
    loss = AAMSoftmax(2, 2, sub_centres=2, scale=4.0)
    with torch.no_grad():
        loss.centres.copy_(torch.tensor([[1.0, 0.1, -1.0, 0.2], [0.0, 1.0, 0.1, -1.0]]))
    audio = torch.tensor([[1.0, 0.3]])
    loss(embed(audio, audio, torch.tensor([0]))).backward()
    learning = loss.centres.grad.unflatten(1, (2, 2)).abs().sum(2) > 0
    assert learning.tolist() == [[True, False], [True, False]]


@pytest.mark.parametrize(
    "arguments", [{"margin": -0.1}, {"margin": 3.2}, {"scale": 0.0}, {"fallback": "none"}, {"inter_top_k": -1}]
)
def test_impossible_arguments_are_refused(arguments):
    with pytest.raises(ValueError, match=next(iter(arguments))):
        AAMSoftmax(**{"num_classes": 5, **arguments})
