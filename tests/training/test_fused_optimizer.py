from functools import partial

import pytest
import torch

from kwskit.training.optimization import build_optimizer


def groups():
    weight, table = (torch.nn.Parameter(torch.ones(3)) for _ in range(2))
    return [{"params": [weight]}, {"params": [table], "weight_decay": 0.0}]


@pytest.mark.parametrize(
    ("make", "device_type", "fused"),
    [
        (partial(torch.optim.AdamW, lr=0.1, weight_decay=0.5), "cuda", True),
        (torch.optim.AdamW, "cpu", None),  # where one kernel is not much faster than several
        (partial(torch.optim.AdamW, foreach=True), "cuda", None),  # chosen by the user
        (partial(torch.optim.AdamW, fused=False), "cuda", False),
        (partial(torch.optim.LBFGS, lr=0.1), "cuda", None),  # has no such kernel
    ],
)
def test_fused_where_it_can_and_nobody_said_otherwise(make, device_type, fused):
    optimizer = build_optimizer(make, groups()[:1], device_type)
    assert all(group.get("fused") is fused for group in optimizer.param_groups)


def test_groups_keep_their_rules():
    given = groups()
    optimizer = build_optimizer(partial(torch.optim.AdamW, lr=0.1, weight_decay=0.5), given, "cuda")
    assert [group["weight_decay"] for group in optimizer.param_groups] == [0.5, 0.0]
    assert "fused" not in given[0]
    for group in given:
        group["params"][0].grad = torch.ones(3)
    optimizer.step()
    # AdamW's first step is lr long; decay first shrinks the weights by lr times decay.
    torch.testing.assert_close(given[0]["params"][0].data, torch.full((3,), 1 - 0.05 - 0.1))
    torch.testing.assert_close(given[1]["params"][0].data, torch.full((3,), 1 - 0.1))


def test_a_kernel_that_refuses_is_done_without():
    class Refusing(torch.optim.SGD):
        def __init__(self, groups, lr=0.1, fused=None):
            if fused:
                raise RuntimeError("no kernel for these parameters")
            super().__init__(groups, lr)

    assert build_optimizer(Refusing, groups(), "cuda").param_groups[0]["lr"] == 0.1
