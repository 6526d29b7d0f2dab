"""Checkpoints that a kill at any moment leaves whole."""

import difflib
import os
from pathlib import Path
from typing import Any

import torch

from kwskit.atomic_write import atomic_write


class CheckpointError(ValueError):
    """A checkpoint that does not belong to this run, or cannot be read."""


class Checkpoints:
    """The last and the best state of a training run, as ``last.pt`` and ``best.pt``.

    Both are written under a temporary name, flushed to disk and renamed, and loaded without unpickling
    code. Each carries the configuration it belongs to.

    Parameters
    ----------
    folder : where they live
    configuration : text that must be the same when training goes on
    """

    def __init__(self, folder: str | Path, configuration: str):
        self.folder = Path(folder)
        self.configuration = configuration

    def save(self, name: str, state: dict[str, Any]) -> None:
        """Write ``state`` as ``<name>.pt``, whole or not at all."""
        with atomic_write(self.folder / f"{name}.pt") as partial, partial.open("wb") as sink:
            torch.save({"configuration": self.configuration, **state}, sink)
            sink.flush()
            os.fsync(sink.fileno())

    def load(self, name: str) -> dict[str, Any] | None:
        """The state saved as ``<name>.pt``, on the CPU, or None where there is none.

        Raises
        ------
        CheckpointError
            When it belongs to another configuration (the differing lines are named) or is damaged.
        """
        path = self.folder / f"{name}.pt"
        if not path.exists():
            return None
        try:
            state = torch.load(path, map_location="cpu", weights_only=True)
        except Exception as error:
            raise CheckpointError(f"{path} is damaged ({error}); delete it to start again") from error
        if state["configuration"] != self.configuration:
            changes = difflib.unified_diff(
                state["configuration"].splitlines(), self.configuration.splitlines(), lineterm="", n=0
            )
            told = "\n".join(f"  {line}" for line in list(changes)[2:22] if not line.startswith("@@"))
            raise CheckpointError(
                f"{path} belongs to another configuration (- there, + asked for now):\n{told}\n"
                "Use another --exp folder, or delete this one to start again."
            )
        return state
