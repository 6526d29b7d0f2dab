import math

import pytest
import torch

from kwskit.losses.asyp import AsyP


def by_loops(audio, text, labels, alpha, beta, lam, positive_prefactor=True, negative_prefactor=False):
    total = 0.0
    for i in range(len(labels)):
        here = [
            torch.nn.functional.cosine_similarity(text[i], audio[j], dim=0).item()
            for j in range(len(labels))
            if labels[j] == labels[i]
        ]
        there = [
            torch.nn.functional.cosine_similarity(audio[i], text[k], dim=0).item()
            for k in range(len(labels))
            if labels[k] != labels[i]
        ]
        positive = math.log(1 + sum(math.exp(alpha * (lam - s)) for s in here))
        negative = sum(math.log(1 + math.exp(beta * (s - lam))) for s in there) / max(1, len(there))
        total += positive / (alpha if positive_prefactor else 1) + negative / (beta if negative_prefactor else 1)
    return total / len(labels)


@pytest.mark.parametrize("level", ["utt", "phn"])
@pytest.mark.parametrize(
    ("constants", "value"),
    [
        ((0.01, 1.5, 0.01), 96.80777620275715),
        ((2.0, 40.0, 0.5), 3.632739265365874),
        ((1.0, 1.0, 0.0), 1.4105750024410622),
        ((2.0, 4.0, 0.5), 0.9050377652082572),
    ],
)
def test_stated_values(embed, fixture_a, level, constants, value):
    loss = AsyP(*constants, level=level)
    assert loss(embed(*fixture_a, lengths=[2, 1])).item() == pytest.approx(value, abs=1e-9)


def test_stated_value_on_fixture_b(embed, fixture_b):
    assert AsyP(2.0, 4.0, 0.5)(embed(*fixture_b)).item() == pytest.approx(0.66476494482311, abs=1e-9)


STATED_GRADIENTS = {
    (0.01, 1.5, 0.01): [
        [-0.1108917935356318, 0.12406251757772949, -0.11067023158436579],
        [0.35392863571224065, -0.16584167340478811, 0.24812503515545897],
        [-0.11062613513159106, 0.19146140645494925, -0.111025106936424],
    ],
    (2.0, 4.0, 0.5): [
        [-0.09544428635434433, 0.0794686146814117, -0.06397821842288284],
        [0.7982502134832692, -0.08964714045666504, 0.1589372293628234],
        [-0.05991191462109535, 0.5123498556660118, -0.1230850271108394],
    ],
}


@pytest.mark.parametrize("constants", STATED_GRADIENTS)
def test_stated_gradient_by_similarity(fixture_a, constants):
    """The gradient by the rows is the stated one by the cosines, carried on to the rows."""
    audio, text, labels = fixture_a
    audio.requires_grad_(), text.requires_grad_()
    cosines = torch.nn.functional.cosine_similarity(text[:, None], audio, dim=-1)
    carried = torch.autograd.grad((cosines * torch.tensor(STATED_GRADIENTS[constants])).sum(), (audio, text))
    found = torch.autograd.grad(AsyP(*constants).pair_loss(audio, text, labels), (audio, text))
    torch.testing.assert_close(found, carried, atol=1e-12, rtol=1e-9)


@pytest.mark.parametrize("prefactors", [(True, False), (False, True)])
def test_equals_loops(random_rows, prefactors):
    audio, text, labels = random_rows(11)
    value = AsyP(3.0, 7.0, 0.2, *prefactors).pair_loss(audio, text, labels)
    assert value.item() == pytest.approx(by_loops(audio, text, labels, 3.0, 7.0, 0.2, *prefactors), abs=1e-9)


def test_log_shows_the_value_above_its_constant_floor(embed, fixture_a):
    loss = AsyP()
    loss(embed(*fixture_a))
    floor = 100 * (2 * math.log(3) + math.log(2)) / 3
    assert loss.metrics["above_floor"].item() == pytest.approx(96.80777620275715 - floor, abs=1e-5)


@pytest.mark.parametrize("constants", [{"alpha": 0.0}, {"beta": -1.0}, {"level": "word"}])
def test_impossible_constants_are_refused(constants):
    with pytest.raises(ValueError, match=r"above 0|level must be one of"):
        AsyP(**constants)
