"""Optimizers and schedulers as a YAML names them: made for a system, tried, and taken on to a longer training."""

import functools
import inspect
import warnings
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import nn

from kwskit.arguments import ArgumentError

# What says how an optimizer steps; whoever chooses one of these has chosen.
CHOICES = ("fused", "foreach", "capturable", "differentiable")
MakeOptimizer = Callable[..., torch.optim.Optimizer]
MakeScheduler = Callable[..., Any]


def parameter_groups(module: nn.Module) -> list[dict[str, Any]]:
    """One group of ordinary parameters; parameters that carry rules of their own get their own group."""
    ordinary: list[nn.Parameter] = []
    special: dict[tuple[float | None, float | None], list[nn.Parameter]] = {}
    for parameter in filter(lambda p: p.requires_grad, module.parameters()):
        rules = (getattr(parameter, "weight_decay", None), getattr(parameter, "max_grad_norm", None))
        (ordinary if rules == (None, None) else special.setdefault(rules, [])).append(parameter)
    groups: list[dict[str, Any]] = [{"params": ordinary}]
    for (weight_decay, _), parameters in special.items():
        decay = {} if weight_decay is None else {"weight_decay": weight_decay}
        groups.append({"params": parameters, **decay})
    return groups


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


def clip_special_groups(optimizer: torch.optim.Optimizer, max_grad_norm: float) -> None:
    """Clip the gradients of the groups of :func:`parameter_groups` after the first, by their own norm or this one."""
    for group in optimizer.param_groups[1:]:
        norm = getattr(group["params"][0], "max_grad_norm", None)
        nn.utils.clip_grad_norm_(group["params"], max_grad_norm if norm is None else norm)


def takes_total(make_scheduler: MakeScheduler) -> bool:
    """Whether a scheduler asks for the number of all steps."""
    return "total_steps" in inspect.signature(make_scheduler).parameters


def make_optimization(
    module: nn.Module, make_optimizer: MakeOptimizer, make_scheduler: MakeScheduler, total_steps: int, device_type: str
) -> tuple[torch.optim.Optimizer, Any]:
    """The optimizer of a module's parameters, and its scheduler.

    Raises
    ------
    kwskit.arguments.ArgumentError
        For ``optimizer`` or ``scheduler``, when it refuses its arguments.
    """
    optimizer = _made("optimizer", lambda: build_optimizer(make_optimizer, parameter_groups(module), device_type))
    total = {"total_steps": total_steps} if takes_total(make_scheduler) else {}
    scheduler = _made("scheduler", lambda: make_scheduler(optimizer, **total))
    check_rate(optimizer)
    return optimizer, scheduler


def try_optimization(
    module: nn.Module, make_optimizer: MakeOptimizer, make_scheduler: MakeScheduler, total_steps: int
) -> None:
    """Refuse before training what would fail in it: nothing of ``module`` changes.

    Raises
    ------
    kwskit.arguments.ArgumentError
        For ``optimizer`` or ``scheduler``.
    """
    optimizer, scheduler = make_optimization(module, make_optimizer, make_scheduler, total_steps, "cpu")
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
