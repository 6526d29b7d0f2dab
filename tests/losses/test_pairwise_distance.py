import pytest
import torch

from kwskit.losses.terms.relational_loss import distances, relative_to_mean, squared_distances


def test_equals_cdist():
    x, y = torch.randn(7, 5) + 30, torch.randn(4, 5) + 30
    torch.testing.assert_close(distances(x, y), torch.cdist(x, y, compute_mode="donot_use_mm_for_euclid_dist"))
    torch.testing.assert_close(squared_distances(x, y), torch.cdist(x, y).square())


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_coinciding_points_are_exactly_zero_apart(dtype):
    x = (torch.randn(6, 256, dtype=dtype) * 0.1).repeat(4, 1).requires_grad_()
    d = distances(x, x)
    same = torch.arange(24)[:, None] % 6 == torch.arange(24) % 6
    assert (d[same] == 0).all()
    assert (d[~same] > 0).all()
    (gradient,) = torch.autograd.grad(d.sum(), x)
    assert gradient.isfinite().all()


def test_relative_distances_have_mean_one_where_they_are_positive():
    assert relative_to_mean(torch.tensor([0.0, 3.0, 1.0])).tolist() == [0.0, 1.5, 0.5]
    nothing = torch.zeros(3, requires_grad=True)
    relative_to_mean(nothing).sum().backward()
    assert (nothing.grad == 0).all()
