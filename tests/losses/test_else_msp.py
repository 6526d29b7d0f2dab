import math

import pytest
import torch

from kwskit.losses.terms.else_msp import extended_logsumexp, mean_softplus, softplus


@pytest.mark.parametrize(
    ("function", "x", "value"),
    [
        (extended_logsumexp, [0.0, 0.0, 0.0], 1.3862943611198906),
        (extended_logsumexp, [1.0, -2.0], 1.3490122167681864),
        (extended_logsumexp, [], 0.0),
        (extended_logsumexp, [1000.0, 0.0], 1000.0),
        (extended_logsumexp, [-1000.0, -2000.0], 0.0),
        (mean_softplus, [0.0, 0.0, 0.0], 0.6931471805599453),
        (mean_softplus, [1.0, -2.0], 0.7200948492805976),
        (mean_softplus, [], 0.0),
        (mean_softplus, [1000.0, 0.0], 500.34657359027995),
    ],
)
def test_stated_values(function, x, value):
    assert function(torch.tensor(x)).item() == pytest.approx(value, abs=1e-12)


def test_masked_values_take_no_part():
    x = torch.tensor([[1.0, 900.0, -2.0], [5.0, 6.0, 7.0]], requires_grad=True)
    mask = torch.tensor([[True, False, True], [False, False, False]])
    for function, value in ((extended_logsumexp, 1.3490122167681864), (mean_softplus, 0.7200948492805976)):
        result = function(x, mask)
        assert result.tolist() == pytest.approx([value, 0.0], abs=1e-12)
        (gradient,) = torch.autograd.grad(result.sum(), x)
        assert gradient.isfinite().all()
        assert (gradient[~mask] == 0).all()


def test_gradients_are_softmax_with_a_zero_and_sigmoid():
    x = torch.tensor([0.3, -1.2, 2.0], requires_grad=True)
    (by_else,) = torch.autograd.grad(extended_logsumexp(x), x)
    (by_msp,) = torch.autograd.grad(mean_softplus(x), x)
    values = [math.exp(v) for v in x.tolist()]
    assert by_else.tolist() == pytest.approx([v / (1 + sum(values)) for v in values])
    assert by_msp.tolist() == pytest.approx([v / (1 + v) / 3 for v in values])


def test_parts_of_a_mean_add_up_and_any_dimension_works():
    x, mask = torch.randn(4, 6), torch.rand(4, 6) > 0.4
    whole = mean_softplus(x, mask, dim=0)
    parts = sum(mean_softplus(x[rows], mask[rows], dim=0, count=mask.sum(0)) for rows in (slice(0, 1), slice(1, 4)))
    torch.testing.assert_close(whole, parts)
    torch.testing.assert_close(extended_logsumexp(x, mask, dim=0), extended_logsumexp(x.T, mask.T))


def test_softplus_keeps_the_digits_that_the_default_threshold_drops():
    assert softplus(torch.tensor(20.5)).item() == pytest.approx(20.5 + math.log1p(math.exp(-20.5)), abs=1e-15)
