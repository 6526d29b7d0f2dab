import math

import pytest
import torch

from kwskit.losses.rpl_distance import RelationalDistance, distance_structure
from kwskit.losses.terms.relational_loss import RelationalLoss

TEACHER = torch.tensor([[0.0, 0.0], [3.0, 0.0], [0.0, 4.0]], dtype=torch.float64)
STUDENT = torch.tensor([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]], dtype=torch.float64)


def huber(x):
    return x * x / 2 if abs(x) <= 1 else abs(x) - 0.5


def by_loops(audio, text):
    def relative(points):
        table = [[math.dist(x, y) for y in points.tolist()] for x in points.tolist()]
        positive = [d for row in table for d in row if d > 0]
        mean = sum(positive) / len(positive)
        return [[d / mean for d in row] for row in table]

    a, t = relative(audio), relative(text)
    count = len(audio)
    return sum(huber(a[i][j] - t[i][j]) for i in range(count) for j in range(count)) / count**2


@pytest.mark.parametrize(("reduction", "value"), [("mean", 0.0034812488032349314), ("valid", 0.005221873204852397)])
def test_stated_values_of_the_triangles(reduction, value):
    loss = RelationalDistance(normalize=False, reduction=reduction)
    labels = torch.arange(3)
    assert loss.pair_loss(STUDENT, TEACHER, labels).item() == pytest.approx(value, abs=1e-12)
    assert loss.pair_loss(10 * STUDENT, TEACHER, labels).item() == pytest.approx(value, abs=1e-12)


def test_stated_gradient_by_student():
    student = STUDENT.clone().requires_grad_(True)
    (gradient,) = torch.autograd.grad(distance_structure(student, TEACHER), student)
    stated = [
        [-0.025300602601505604, 0.02351493386740314],
        [0.024407768234454376, 0.0008928343670512292],
        [0.0008928343670512292, -0.02440776823445437],
    ]
    torch.testing.assert_close(gradient, torch.tensor(stated), atol=1e-9, rtol=0)
    assert (gradient * STUDENT).sum().item() == pytest.approx(0, abs=1e-12)  # scale does not matter
    torch.testing.assert_close(gradient.sum(0), torch.zeros(2), atol=1e-12, rtol=0)  # nor does a shift


def test_stated_value_on_fixture_b(embed, fixture_b):
    assert RelationalDistance()(embed(*fixture_b)).item() == pytest.approx(0.09528422837715905, abs=1e-9)


def test_equals_loops(random_rows):
    audio, text, labels = random_rows(7, labels=[0, 0, 1, 1, 2, 2, 3])
    text = text[labels]  # same word, same text: distance 0
    value = RelationalDistance(normalize=False).pair_loss(4 * audio, text, labels)
    assert value.item() == pytest.approx(by_loops(4 * audio, text), abs=1e-9)


def test_detached_text_learns_nothing(random_rows):
    audio, text, labels = random_rows()
    audio.requires_grad_(), text.requires_grad_()
    RelationalDistance(detach_text=True).pair_loss(audio, text, labels).backward()
    assert text.grad is None
    assert audio.grad.abs().sum() > 0


def test_coinciding_points_get_finite_gradients_in_float32():
    points = torch.nn.functional.normalize(torch.randn(4, 64, dtype=torch.float32), dim=1).repeat(3, 1).requires_grad_()
    text = torch.randn(12, 64, dtype=torch.float32, requires_grad=True)
    distance_structure(points, text).backward()
    assert points.grad.isfinite().all()
    assert points.grad.abs().max() < 1
    one_place = torch.ones(5, 3, requires_grad=True)
    value = distance_structure(one_place, torch.randn(5, 3))
    value.backward()
    assert value.item() == 0
    assert (one_place.grad == 0).all()


def test_unknown_reduction_is_refused():
    with pytest.raises(ValueError, match="reduction must be one of"):
        RelationalDistance(reduction="sum")


def test_the_base_class_says_what_is_missing(embed, random_rows):
    with pytest.raises(NotImplementedError, match=r"RelationalLoss must define relation_loss\(audio, text, labels\)"):
        RelationalLoss()(embed(*random_rows()))
