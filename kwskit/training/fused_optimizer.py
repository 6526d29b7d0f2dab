"""Optimizers that step in one kernel where they can."""

import functools
import inspect
from collections.abc import Callable
from typing import Any

import torch

# What says how an optimizer steps; whoever chooses one of these has chosen.
CHOICES = ("fused", "foreach", "capturable", "differentiable")


def build_optimizer(
    make: Callable[..., torch.optim.Optimizer], groups: list[dict[str, Any]], device_type: str
) -> torch.optim.Optimizer:
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
