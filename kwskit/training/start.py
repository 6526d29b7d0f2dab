"""What training starts from, and what it leaves as it is."""

from collections.abc import Collection
from pathlib import Path

import safetensors
import safetensors.torch

from kwskit.model_error import ModelError
from kwskit.systems.model_directory import WEIGHTS
from kwskit.systems.system import System
from kwskit.training.plan import PlanError


def start_from(directory: str | Path, system: System, fresh: Collection[str] = ()) -> list[str]:
    """Give ``system`` the weights of the parts that the model in ``directory`` has too, and name these parts.

    Parameters
    ----------
    directory : a model directory
    system : changed in place
    fresh : parts left as they are

    Raises
    ------
    kwskit.model_error.ModelError
        When the weights cannot be read, or a part has other shapes there than here.
    """
    path = Path(directory) / WEIGHTS
    try:
        weights = safetensors.torch.load_file(path)
    except (OSError, safetensors.SafetensorError) as error:
        raise ModelError(f"training.init: {path} cannot be read: {error}") from error
    taken = []
    for name, part in system.named_children():
        own = {key.removeprefix(f"{name}."): value for key, value in weights.items() if key.startswith(f"{name}.")}
        if not own or name in fresh:
            continue
        try:
            part.load_state_dict(own)
        except RuntimeError as error:
            raise ModelError(
                f"training.init: the {name} of {directory} does not fit this system's; name it in training.fresh to "
                f"start it from chance. {error}"
            ) from error
        taken.append(name)
    return taken


def freeze_parts(system: System, names: Collection[str]) -> None:
    """Take the parts' parameters out of the training.

    Raises
    ------
    kwskit.training.plan.PlanError
        For a part that the system does not have.
    """
    parts = dict(system.named_children())
    for name in names:
        if name not in parts:
            raise PlanError(f"training.freeze: the system has no part '{name}'; it has: {', '.join(parts)}")
        parts[name].requires_grad_(False)
