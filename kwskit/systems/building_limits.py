"""What a model's description may make of memory and time."""

import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from torch.nn.modules import module

MOST_MODULES = 10_000
MOST_CONSTANTS = 1 << 26  # numbers in buffers, such as filters


@contextmanager
def outlined(most_weights: int) -> Iterator[None]:
    """Modules built in this context have shapes but no values, and take no memory; too many end it.

    Parameters
    ----------
    most_weights : numbers that parameters may have altogether

    Raises
    ------
    ValueError
        In the constructor that goes beyond a limit.
    """
    owner = threading.get_ident()
    left = {"modules": MOST_MODULES, "weights": most_weights, "constants": MOST_CONSTANTS}

    def take(what: str, count: int) -> None:
        if threading.get_ident() != owner:
            return
        left[what] -= count
        if left[what] < 0:
            most = {"modules": MOST_MODULES, "weights": most_weights, "constants": MOST_CONSTANTS}[what]
            raise ValueError(f"more than {most:,} {what}")

    def parameter(_module: nn.Module, _name: str, value: Tensor | None) -> None:
        take("weights", 0 if value is None else value.numel())

    def buffer(_module: nn.Module, _name: str, value: Tensor | None) -> None:
        take("constants", 0 if value is None else value.numel())

    def child(_module: nn.Module, _name: str, _value: nn.Module | None) -> None:
        take("modules", 1)

    handles = [
        module.register_module_parameter_registration_hook(parameter),
        module.register_module_buffer_registration_hook(buffer),
        module.register_module_module_registration_hook(child),
    ]
    try:
        with torch.device("meta"), warnings.catch_warnings():
            # Parts that bring weights of their own put them nowhere.
            warnings.filterwarnings("ignore", "for .* copying from a non-meta parameter")
            yield
    finally:
        for handle in handles:
            handle.remove()
