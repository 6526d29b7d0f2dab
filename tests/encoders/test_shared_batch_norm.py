"""Shared statistics of one process are the usual ones; tests/training/test_distributed.py has two processes."""

import copy

import pytest
import torch
from torch import nn

from kwskit.encoders.blocks.masked_batch_norm import MaskedBatchNorm
from kwskit.encoders.blocks.shared_batch_norm import SharedBatchNorm, share_batch_norm


@pytest.mark.parametrize(
    ("stock", "shape"),
    [
        (nn.BatchNorm1d(3), (8, 3)),
        (nn.BatchNorm1d(3, momentum=None), (4, 3, 5)),
        (nn.BatchNorm2d(3, affine=False), (4, 3, 5, 2)),
        (nn.BatchNorm1d(3, track_running_stats=False), (8, 3)),
    ],
    ids=["rows", "cumulative", "images", "no running statistics"],
)
def test_it_takes_the_place_of_a_stock_one(stock, shape):
    torch.manual_seed(0)
    stock = stock.double()
    if stock.weight is not None:
        nn.init.normal_(stock.weight)
    system = nn.Sequential(copy.deepcopy(stock))
    names = list(system.state_dict())
    share_batch_norm(system)
    assert type(system[0]) is SharedBatchNorm
    assert list(system.state_dict()) == names
    for _ in range(3):
        x = torch.randn(shape, dtype=torch.float64)
        one, other = (x.clone().requires_grad_() for _ in range(2))
        expected, found = stock(one), system(other)
        torch.testing.assert_close(found, expected)
        wanted = torch.randn_like(expected)
        (expected * wanted).sum().backward()
        (found * wanted).sum().backward()
        torch.testing.assert_close(other.grad, one.grad)
    for name, value in stock.state_dict().items():
        torch.testing.assert_close(system.state_dict()[f"0.{name}"], value)
    torch.testing.assert_close(system.eval()(x), stock.eval()(x))


def test_masked_ones_share_too_and_frozen_ones_stay():
    torch.manual_seed(0)
    rows = torch.randn(6, 2, dtype=torch.float64)
    alone, shared = MaskedBatchNorm(2).double(), MaskedBatchNorm(2).double()
    share_batch_norm(nn.Sequential(shared))
    torch.testing.assert_close(shared(rows), alone(rows))
    torch.testing.assert_close(shared.running_var, alone.running_var)
    before = shared.running_mean.clone()
    shared.eval()(rows + 1)
    assert torch.equal(shared.running_mean, before)


def test_a_module_that_is_used_twice_stays_one():
    norm = nn.BatchNorm1d(2)
    system = nn.ModuleDict({"one": nn.Sequential(norm), "two": nn.Sequential(norm)})
    share_batch_norm(system)
    assert system["one"][0] is system["two"][0]
