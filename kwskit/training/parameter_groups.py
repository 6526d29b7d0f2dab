"""Which parameters step by rules of their own: those a plan names, and those that carry tags."""

from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

import torch
from torch import nn

from kwskit.arguments import ArgumentError, NonNegativeFloat, PositiveFloat


@dataclass(frozen=True)
class ParameterGroup:
    """An entry of ``training.groups``: how the parameters that it names step (ours).

    Attributes
    ----------
    lr_factor : factor of the run's learning rate, all along its schedule. An adversary's classifier that has to keep up
        with its encoders takes a higher one; under Adam that is what several of its steps in one of theirs would be
    weight_decay : in the place of the optimizer's; null leaves it that
    """

    lr_factor: PositiveFloat = 1.0
    weight_decay: NonNegativeFloat | None = None


def parameter_groups(module: nn.Module, rules: Mapping[str, ParameterGroup]) -> list[dict[str, Any]]:
    """Groups for an optimizer: the ordinary parameters first, then those with rules of their own, by rule.

    A parameter's tags (:class:`~kwskit.losses.base.Loss`) count before a rule of its part: decay would break what is
    tagged. A group whose rate is another has ``lr_factor``, which is the caller's to apply.

    Parameters
    ----------
    module : its parameters that learn
    rules : by name of a part (``losses.adv``) or a pattern of parameters (``*.bias``); the first that fits counts

    Raises
    ------
    kwskit.arguments.ArgumentError
        For a name that fits no parameter which learns and that no earlier name has taken.
    """
    groups: dict[Any, dict[str, Any]] = {(None, (None, None)): {"params": []}}
    for name, parameter in module.named_parameters():
        if not parameter.requires_grad:
            continue
        key = next((key for key in rules if _fits(name, key)), None)
        rule = ParameterGroup() if key is None else rules[key]
        group = groups.setdefault((key, _tags(parameter)), {"params": []})
        group["params"].append(parameter)
        weight_decay = _tags(parameter)[0]
        weight_decay = rule.weight_decay if weight_decay is None else weight_decay
        group |= {} if weight_decay is None else {"weight_decay": weight_decay}
        group |= {} if rule.lr_factor == 1 else {"lr_factor": rule.lr_factor}
    for key in rules:
        if all(key != taken for taken, _ in groups):
            parts = ", ".join(name for name, _ in module.named_children())
            raise ArgumentError(
                f"training.groups.{key}",
                f"fits no parameter that learns and that no group before it has; parts of the system are: {parts}",
            )
    return list(groups.values())


def clip_special_groups(optimizer: torch.optim.Optimizer, max_grad_norm: float) -> None:
    """Clip the gradients of each group of tagged parameters apart, by the norm of its tag or else this one."""
    for group in optimizer.param_groups[1:]:
        weight_decay, norm = _tags(group["params"][0])
        if (weight_decay, norm) != (None, None):
            nn.utils.clip_grad_norm_(group["params"], max_grad_norm if norm is None else norm)


def _fits(name: str, key: str) -> bool:
    return name == key or name.startswith(f"{key}.") or fnmatchcase(name, key)


def _tags(parameter: nn.Parameter) -> tuple[float | None, float | None]:
    return getattr(parameter, "weight_decay", None), getattr(parameter, "max_grad_norm", None)
