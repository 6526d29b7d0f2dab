"""Checkpoints that a kill at any moment leaves whole."""

import difflib
import errno
import os
from pathlib import Path
from typing import Any

import torch

from kwskit.atomic_write import atomic_write
from kwskit.hparams import plain_tree

# Of the section ``training``: how long, which changes nothing of what has been trained so far, as who is told of it.
HOW_LONG = ("epochs", "early_stop")


class CheckpointError(ValueError):
    """A checkpoint that does not belong to this run, or cannot be read."""


class Checkpoints:
    """The last and the best state of a training run, as ``last.pt`` and ``best.pt``.

    Both are written under a temporary name, flushed to disk and renamed, and loaded without unpickling
    code. Each carries the configuration it belongs to.

    Parameters
    ----------
    folder : where they live
    configuration : YAML, which must be the same when training goes on, but for how long it does
    """

    def __init__(self, folder: str | Path, configuration: str):
        self.folder = Path(folder)
        self.configuration = configuration

    def save(self, name: str, state: dict[str, Any]) -> None:
        """Write ``state`` as ``<name>.pt``, whole or not at all.

        Raises
        ------
        OSError
            When there is no room for it, naming the file.
        """
        with atomic_write(self.folder / f"{name}.pt") as partial, partial.open("wb") as sink:
            try:
                torch.save({"configuration": self.configuration, **state}, sink)
            except RuntimeError as error:  # torch's own word for a write that failed
                cause = error.__context__
                raise cause if isinstance(cause, OSError) else OSError(errno.EIO, str(error)) from error
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
        if _decisive(state["configuration"]) != _decisive(self.configuration):
            changes = difflib.unified_diff(
                state["configuration"].splitlines(), self.configuration.splitlines(), lineterm="", n=0
            )
            lines = "\n".join(f"  {line}" for line in list(changes)[2:22] if not line.startswith("@@"))
            raise CheckpointError(
                f"{path} belongs to another configuration (- there, + asked for now):\n{lines}\n"
                "Use another --exp folder, or delete this one to start again."
            )
        return state


def _decisive(configuration: str) -> Any:
    """What of a configuration must be the same."""
    tree, facts = plain_tree(configuration), [line for line in configuration.splitlines() if line.startswith("# ")]
    training = tree.get("training") if isinstance(tree, dict) else None
    if isinstance(tree, dict):
        tree.pop("logger", None)
    if isinstance(training, dict):
        tree["training"] = {key: value for key, value in training.items() if key not in HOW_LONG}
    return tree, facts
