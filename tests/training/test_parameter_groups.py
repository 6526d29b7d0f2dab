import warnings
from functools import partial

import pytest
import torch
from torch import nn
from torch.optim import lr_scheduler

from kwskit.arguments import ArgumentError
from kwskit.training.optimization import make_optimization, restore_optimization
from kwskit.training.parameter_groups import ParameterGroup, clip_special_groups, parameter_groups
from kwskit.training.plan import TrainingPlan
from kwskit.training.schedules import Halving


@pytest.fixture
def system():
    """An encoder, and a loss with a classifier and a table that is tagged."""
    system = nn.Module()
    system.encoder = nn.Linear(2, 3)
    system.losses = nn.ModuleDict({"adv": nn.Linear(3, 2), "advance": nn.Linear(2, 2)})
    table = nn.Parameter(torch.ones(4))
    table.weight_decay, table.max_grad_norm = 0.0, 1.0
    system.losses["adv"].table = table
    return system


def named(system, groups):
    names = {id(parameter): name for name, parameter in system.named_parameters()}
    return [
        ({names[id(p)] for p in group["params"]}, {key: value for key, value in group.items() if key != "params"})
        for group in groups
    ]


ADVANCE = {"losses.advance.weight", "losses.advance.bias"}
ENCODER = {"encoder.weight", "encoder.bias"}
ADV = {"losses.adv.weight", "losses.adv.bias"}


def test_without_rules_only_tags_count(system):
    assert named(system, parameter_groups(system, {})) == [
        (ENCODER | ADV | ADVANCE, {}),
        ({"losses.adv.table"}, {"weight_decay": 0.0}),
    ]


def test_a_part_is_its_parameters_and_its_tags_stay(system):
    rules = {"losses.adv": ParameterGroup(lr_factor=10.0, weight_decay=0.5)}
    assert named(system, parameter_groups(system, rules)) == [
        (ENCODER | ADVANCE, {}),
        (ADV, {"weight_decay": 0.5, "lr_factor": 10.0}),
        ({"losses.adv.table"}, {"weight_decay": 0.0, "lr_factor": 10.0}),
    ]


def test_the_first_rule_that_fits_counts_and_patterns_fit(system):
    rules = {"losses": ParameterGroup(lr_factor=2.0), "*.bias": ParameterGroup(weight_decay=0.0)}
    found = named(system, parameter_groups(system, rules))
    assert ({"encoder.bias"}, {"weight_decay": 0.0}) in found
    assert (ADV | ADVANCE, {"lr_factor": 2.0}) in found


@pytest.mark.parametrize("rules", [["losses.ad"], ["encoder", "encoder.weight"], ["frozen"]])
def test_a_name_that_fits_nothing_is_refused(system, rules):
    system.frozen = nn.Linear(1, 1).requires_grad_(False)
    with pytest.raises(ArgumentError, match=rf"training\.groups\.{rules[-1]} fits no .*encoder, losses, frozen"):
        parameter_groups(system, dict.fromkeys(rules, ParameterGroup()))


def test_only_tagged_groups_are_clipped_apart(system):
    groups = parameter_groups(system, {"losses.adv": ParameterGroup(lr_factor=10.0)})
    for group in groups:
        group.pop("lr_factor", None)
        for parameter in group["params"]:
            parameter.grad = torch.full_like(parameter, 7.0)
    clip_special_groups(torch.optim.SGD(groups, lr=0.1), 0.5)
    assert system.losses["adv"].table.grad.norm().item() == pytest.approx(1.0)
    assert all((p.grad == 7).all() for p in [*system.encoder.parameters(), system.losses["adv"].weight])


def courses(system, factor, make_optimizer, make_scheduler, steps=10):
    """Learning rates of the encoder and of the classifier after each step."""
    rules = {"losses.adv": ParameterGroup(lr_factor=factor)}
    optimizer, scheduler = make_optimization(system, rules, make_optimizer, make_scheduler, steps, "cpu")
    rates = []
    for _ in range(steps):
        rates.append([group["lr"] for group in optimizer.param_groups[:2]])
        optimizer.step()
        scheduler.step()
    return list(zip(*rates, strict=True))


@pytest.mark.parametrize(
    "schedule",
    [
        partial(lr_scheduler.OneCycleLR, max_lr=0.02, pct_start=0.3),
        partial(lr_scheduler.CyclicLR, base_lr=0.001, max_lr=0.02, step_size_up=3, cycle_momentum=False),
        partial(lr_scheduler.StepLR, step_size=3, gamma=0.5),
        partial(lr_scheduler.LambdaLR, lr_lambda=lambda step: 1 / (1 + step)),
        partial(Halving, parts=3),
    ],
)
@pytest.mark.filterwarnings("ignore:To get the last learning rate")
def test_a_factor_holds_all_along_a_schedule(system, schedule):
    adam = partial(torch.optim.AdamW, lr=0.01)
    encoder, classifier = courses(system, 8.0, adam, schedule)
    plain, _ = courses(system, 1.0, adam, schedule)
    assert encoder == pytest.approx(plain, rel=1e-9)
    assert classifier == pytest.approx([8 * rate for rate in plain], rel=1e-9)
    assert len(set(encoder)) > 2


def test_the_steps_are_as_long_as_the_rates_say(system):
    rules = {"losses.adv": ParameterGroup(lr_factor=10.0, weight_decay=0.0)}
    make = partial(torch.optim.AdamW, lr=0.01, weight_decay=0.0), partial(lr_scheduler.ConstantLR, factor=1.0)
    optimizer, _ = make_optimization(system, rules, *make, 5, "cpu")
    before = {name: parameter.detach().clone() for name, parameter in system.named_parameters()}
    for parameter in system.parameters():
        parameter.grad = torch.ones_like(parameter)
    optimizer.step()
    for name, parameter in system.named_parameters():  # Adam's first step is as long as its rate
        moved = 0.1 if name.startswith("losses.adv.") else 0.01
        torch.testing.assert_close(before[name] - parameter, torch.full_like(parameter, moved), rtol=1e-3, atol=1e-6)


class Flat(lr_scheduler.LRScheduler):
    def get_lr(self):
        return [0.5 for _ in self.base_lrs]


def test_a_schedule_that_levels_the_rates_is_refused(system):
    with pytest.raises(ArgumentError, match=r"scheduler gives every group the same rate"):
        courses(system, 3.0, partial(torch.optim.SGD, lr=0.1), Flat)
    assert courses(system, 1.0, partial(torch.optim.SGD, lr=0.1), Flat)[0][0] == 0.5


def test_halving_is_the_papers_step_schedule():
    weights = [torch.zeros(1, requires_grad=True)]
    optimizers = [torch.optim.AdamW(weights, lr=1e-4) for _ in range(2)]
    schedules = Halving(optimizers[0], total_steps=100), lr_scheduler.StepLR(optimizers[1], 20, 0.5)
    rates = []
    for _ in range(100):
        rates.append(optimizers[0].param_groups[0]["lr"])
        assert rates[-1] == pytest.approx(optimizers[1].param_groups[0]["lr"], rel=1e-12)
        for optimizer, schedule in zip(optimizers, schedules, strict=True):
            optimizer.step()
            schedule.step()
    assert (rates[0], rates[19], rates[20], rates[-1]) == pytest.approx((1e-4, 1e-4, 5e-5, 1e-4 / 16))
    assert optimizers[0].param_groups[0]["lr"] == pytest.approx(1e-4 / 16)  # and no lower after the end
    with pytest.raises(ValueError, match="at least 1"):
        Halving(optimizers[0], total_steps=0)


def test_a_longer_training_goes_on_in_parts_of_its_own():
    def fresh(steps):
        optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
        return optimizer, Halving(optimizer, steps, parts=2)

    optimizer, schedule = fresh(4)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for _ in range(3):
            schedule.step()
    assert optimizer.param_groups[0]["lr"] == 0.5
    state = {"optimizer": optimizer.state_dict(), "scheduler": schedule.state_dict()}
    longer = fresh(8)
    assert restore_optimization(*longer, state)
    assert longer[0].param_groups[0]["lr"] == 1.0
    same = fresh(4)
    assert not restore_optimization(*same, state)
    assert same[0].param_groups[0]["lr"] == 0.5


def test_a_plan_names_groups_and_their_mistakes():
    section = {"epochs": 1, "keywords": 2, "groups": {"losses.adv": {"lr_factor": 10}}}
    assert TrainingPlan.from_mapping(section).groups == {"losses.adv": ParameterGroup(lr_factor=10)}
    mistakes = {"lr": "lr is unknown; known: lr_factor", "weight_decay": "weight_decay must be a number"}
    for rule, message in mistakes.items():
        section["groups"] = {"losses.adv": {rule: "much"}}
        with pytest.raises(ArgumentError, match=rf"training\.groups\.losses\.adv\.{message}"):
            TrainingPlan.from_mapping(section)
    section["groups"] = {"losses.adv": 10}
    with pytest.raises(ArgumentError, match=r"training\.groups\.losses\.adv must be a mapping"):
        TrainingPlan.from_mapping(section)
