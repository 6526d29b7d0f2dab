"""The weights of a model that a stranger may have written."""

from collections.abc import Mapping
from pathlib import Path

import safetensors
import safetensors.torch
import torch
from torch import Tensor

from kwskit.errors import ModelError

NAMED = 3  # names that a message tells


def read_shapes(path: Path) -> dict[str, tuple[int, ...]]:
    """Shapes of the tensors by name, from the header of the file.

    Raises
    ------
    ModelError
        When the file cannot be read.
    """
    if not path.is_file():  # a pipe would be waited for
        raise ModelError(f"{path}: cannot be read: no such file; is this a model directory?")
    try:
        with safetensors.safe_open(path, framework="pt") as file:
            return {name: tuple(file.get_slice(name).get_shape()) for name in file.keys()}  # noqa: SIM118 (no mapping)
    except (OSError, safetensors.SafetensorError) as error:
        raise ModelError(f"{path}: cannot be read: {error}") from error


def check_shapes(
    path: Path, found: Mapping[str, tuple[int, ...]], expected: Mapping[str, Tensor], described: str
) -> None:
    """See that a weights file fits, before anything is allocated.

    Parameters
    ----------
    path : of the file
    found : what :func:`read_shapes` says of it
    expected : tensors by name; only their shapes matter
    described : name of the file that says what is expected

    Raises
    ------
    ModelError
        When the file has other tensors, or other shapes.
    """
    lacking, foreign = _some(expected.keys() - found), _some(found.keys() - expected)
    if lacking:
        raise ModelError(f"{path}: does not fit {described}: it lacks {lacking}")
    if foreign:
        raise ModelError(f"{path}: does not fit {described}: nothing there has {foreign}")
    for name, tensor in expected.items():
        if found[name] != tuple(tensor.shape):
            raise ModelError(
                f"{path}: does not fit {described}: {name} is {_shape(found[name])}, expected {_shape(tensor.shape)}"
            )


def read_weights(path: Path, expected: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The tensors of a file that :func:`check_shapes` has found to fit.

    Raises
    ------
    ModelError
        When they cannot be read, or hold what is no weight: NaN, infinity, whole numbers where fractions belong.
    """
    try:
        weights = safetensors.torch.load_file(path)
    except (OSError, safetensors.SafetensorError) as error:
        raise ModelError(f"{path}: cannot be read: {error}") from error
    for name, tensor in weights.items():
        if tensor.dtype.is_floating_point != expected[name].dtype.is_floating_point:
            raise ModelError(f"{path}: {name} is of type {tensor.dtype}, expected {expected[name].dtype}")
        if tensor.dtype.is_floating_point and not torch.isfinite(tensor.float()).all():
            raise ModelError(f"{path}: {name} holds NaN or infinite numbers; training may have diverged")
    return weights


def _some(names: set[str]) -> str:
    listed = sorted(names)
    more = f" and {len(listed) - NAMED} more" if len(listed) > NAMED else ""
    return ", ".join(name if len(name) <= 100 else f"{name[:97]}..." for name in listed[:NAMED]) + more


def _shape(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape)) or "a single number"
