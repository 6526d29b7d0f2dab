import torch
from torch.autograd import gradcheck

from kwskit.encoders.blocks.masked_batch_norm import MaskedBatchNorm


def pair(channels=6):
    ours, reference = MaskedBatchNorm(channels), torch.nn.BatchNorm1d(channels)
    for norm in (ours, reference):
        torch.manual_seed(1)
        torch.nn.init.normal_(norm.weight)
        torch.nn.init.normal_(norm.bias)
    return ours, reference


def test_equals_batch_norm_of_the_valid_frames():
    ours, reference = pair()
    for step in range(3):
        x = torch.randn(4, 9, 6, generator=torch.Generator().manual_seed(step)) * 3 + 2
        mask = torch.arange(9) < torch.tensor([9, 4, 1, 0])[:, None]
        valid = x[mask].requires_grad_()
        x[~mask] = 0.0
        x.requires_grad_()
        expected, y = reference(valid), ours(x.flatten(0, 1), mask.flatten().unsqueeze(1)).view_as(x)
        torch.testing.assert_close(y[mask], expected, rtol=1e-4, atol=1e-5)
        expected.pow(3).sum().backward()
        y[mask].pow(3).sum().backward()
        torch.testing.assert_close(x.grad[mask], valid.grad, rtol=1e-3, atol=1e-4)
        assert not x.grad[~mask].any()
    torch.testing.assert_close(ours.running_mean, reference.running_mean)
    torch.testing.assert_close(ours.running_var, reference.running_var)
    ours.eval(), reference.eval()
    torch.testing.assert_close(ours(x[mask]), reference(x[mask]))


def test_gradients_of_weight_and_bias():
    ours, reference = pair()
    x = torch.randn(2, 5, 6, generator=torch.Generator().manual_seed(9))
    ours(x.flatten(0, 1), torch.ones(10, 1, dtype=torch.bool)).pow(3).sum().backward()
    reference(x.flatten(0, 1)).pow(3).sum().backward()
    torch.testing.assert_close(ours.weight.grad, reference.weight.grad, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(ours.bias.grad, reference.bias.grad, rtol=1e-4, atol=1e-4)


def test_gradients_of_rows_that_do_not_count_but_are_used():
    ours = pair()[0].double()
    x = torch.randn(7, 6, generator=torch.Generator().manual_seed(3), dtype=torch.float64, requires_grad=True)
    counted = torch.tensor([True, False, True, True, False, True, False]).unsqueeze(1)
    assert gradcheck(lambda rows, weight, bias: _with(ours, rows, counted, weight, bias), (x, ours.weight, ours.bias))


def _with(norm, rows, counted, weight, bias):
    return torch.func.functional_call(norm, {"weight": weight, "bias": bias}, (rows, counted))
