"""Optimizers and schedulers as a YAML names them: made for a system, tried, and taken on to a longer training."""

import functools
import inspect
import math
import warnings
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import nn

from kwskit.arguments import ArgumentError
from kwskit.training.parameter_groups import ParameterGroup, parameter_groups

# What says how an optimizer steps; whoever chooses one of these has chosen.
CHOICES = ("fused", "foreach", "capturable", "differentiable")
MakeOptimizer = Callable[..., torch.optim.Optimizer]
MakeScheduler = Callable[..., Any]


def build_optimizer(make: MakeOptimizer, groups: list[dict[str, Any]], device_type: str) -> torch.optim.Optimizer:
    """``make(groups)``, fused on a GPU: the whole step in one kernel, where it has this way.

    An optimizer that does not, or that was told how to step, is left as it is.

    Parameters
    ----------
    make : ``(parameter groups) -> optimizer``, such as a ``functools.partial`` of a class
    groups : parameter groups
    device_type : of the parameters
    """
    chosen = make.keywords if isinstance(make, functools.partial) else {}
    decided = any(chosen.get(choice) is not None for choice in CHOICES)
    if device_type != "cuda" or decided or "fused" not in inspect.signature(make).parameters:
        return make(groups)
    try:
        return make([dict(group) for group in groups], fused=True)
    except RuntimeError:  # such as parameters of a type that the kernel does not know
        return make(groups)


def takes_total(make_scheduler: MakeScheduler) -> bool:
    """Whether a scheduler asks for the number of all steps."""
    return "total_steps" in inspect.signature(make_scheduler).parameters


def make_optimization(
    module: nn.Module,
    rules: Mapping[str, ParameterGroup],
    make_optimizer: MakeOptimizer,
    make_scheduler: MakeScheduler,
    total_steps: int,
    device_type: str,
) -> tuple[torch.optim.Optimizer, Any]:
    """The optimizer of a module's parameters, and its scheduler.

    Parameters
    ----------
    module : what is trained
    rules : parts with a learning rate or a weight decay of their own, see
        :func:`~kwskit.training.parameter_groups.parameter_groups`
    make_optimizer, make_scheduler : as a YAML has them
    total_steps : steps of the whole training
    device_type : of the parameters

    Raises
    ------
    kwskit.arguments.ArgumentError
        For ``optimizer`` or ``scheduler``, when it refuses its arguments; for a scheduler that sets rates regardless of
        their factors; for a rule that fits nothing.
    """
    groups = parameter_groups(module, rules)
    factors = [group.pop("lr_factor", 1.0) for group in groups]
    optimizer = _made("optimizer", lambda: build_optimizer(make_optimizer, groups, device_type))
    arguments: dict[str, Any] = {"total_steps": total_steps} if takes_total(make_scheduler) else {}
    if set(factors) != {1.0}:
        for group, factor in zip(optimizer.param_groups, factors, strict=True):
            group["lr"] = group["lr"] * factor
        # Cycles go between rates of their own, one for all groups or one for each.
        given = make_scheduler.keywords if isinstance(make_scheduler, functools.partial) else {}
        rates = {name: given[name] for name in ("base_lr", "max_lr") if isinstance(given.get(name), int | float)}
        arguments |= {name: [rate * factor for factor in factors] for name, rate in rates.items()}
    scheduler = _made("scheduler", lambda: make_scheduler(optimizer, **arguments))
    check_rate(optimizer)
    plain = [float(group["lr"]) / factor for group, factor in zip(optimizer.param_groups, factors, strict=True)]
    if not all(math.isclose(rate, plain[0], rel_tol=1e-6) for rate in plain):
        raise ArgumentError("scheduler", "gives every group the same rate, and training.groups has lr_factor: drop one")
    return optimizer, scheduler


def try_optimization(
    module: nn.Module,
    rules: Mapping[str, ParameterGroup],
    make_optimizer: MakeOptimizer,
    make_scheduler: MakeScheduler,
    total_steps: int,
) -> None:
    """Refuse before training what would fail in it: nothing of ``module`` changes.

    Raises
    ------
    kwskit.arguments.ArgumentError
        As :func:`make_optimization`.
    """
    optimizer, scheduler = make_optimization(module, rules, make_optimizer, make_scheduler, total_steps, "cpu")
    _made("optimizer", optimizer.step)  # there are no gradients yet
    if total_steps > 1:
        _made("scheduler", scheduler.step)
        check_rate(optimizer)


def check_rate(optimizer: torch.optim.Optimizer) -> None:
    """Refuse a learning rate below 0, with which losses would grow.

    Raises
    ------
    kwskit.arguments.ArgumentError
        For ``scheduler``, whose doing it is: optimizers refuse such rates.
    """
    lowest = min(float(group["lr"]) for group in optimizer.param_groups)
    if not lowest >= 0:
        raise ArgumentError("scheduler", f"makes the learning rate {lowest:g}, which must be at least 0")


def rate_of(optimizer: torch.optim.Optimizer) -> float:
    """The learning rate of the ordinary parameters."""
    return float(optimizer.param_groups[0]["lr"])


def restore_optimization(optimizer: torch.optim.Optimizer, scheduler: Any, state: Mapping[str, Any]) -> bool:
    """Put a fresh optimizer and its scheduler to where those of a checkpoint were; whether the course is another now.

    A scheduler that asks for all steps, and is told of more or fewer than that of the checkpoint, goes on at the same
    step of its own course: of a cycle that is stretched, the rest is what the longer cycle has there.

    Parameters
    ----------
    state : of a checkpoint, with the keys ``optimizer`` and ``scheduler``
    """
    before = state["scheduler"]
    changes = getattr(scheduler, "total_steps", None) != before.get("total_steps")
    course: list[dict[str, Any]] = []
    if changes:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Detected call of `lr_scheduler.step")
            for _ in range(before["last_epoch"]):
                scheduler.step()
        course = [{key: value for key, value in group.items() if key != "params"} for group in optimizer.param_groups]
    optimizer.load_state_dict(state["optimizer"])
    if changes:
        for group, values in zip(optimizer.param_groups, course, strict=True):
            group.update(values)
    else:
        scheduler.load_state_dict(before)
    return changes


def _made(key: str, make: Callable[[], Any]) -> Any:
    try:
        return make()
    except ArgumentError:
        raise
    except Exception as error:
        reason = str(error).strip().split("\n", 1)[0]
        raise ArgumentError(key, f"cannot be used: {type(error).__name__}: {reason}") from error
