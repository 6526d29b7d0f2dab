"""A trained model as a directory that loads without running anyone's code."""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import safetensors
import safetensors.torch
import torch
from torch import nn

from kwskit.hparams import load_parts, select

WEIGHTS, PARTS, CARD = "model.safetensors", "model.yaml", "README.md"
# What only training uses; the aligner stays, since it shows where each phoneme was heard.
TRAINING_ONLY = {"losses", "wave_augment", "feature_augment"}


class ModelError(ValueError):
    """A model directory that cannot be used; the message names the file."""


@dataclass(frozen=True)
class Model:
    """A system in evaluation mode and its tokenizer."""

    system: nn.Module
    tokenizer: Any


def save_model(directory: str | Path, system: nn.Module, configuration: str, card: str) -> None:
    """Write ``model.safetensors``, ``model.yaml`` and ``README.md``, all or none of them.

    Parameters
    ----------
    directory : replaced when it exists
    system : the trained system
    configuration : the resolved YAML it was built from, with the keys ``tokenizer`` and ``system``
    card : text of the README
    """
    directory = Path(directory)
    partial = directory.with_name(f".{directory.name}.{os.getpid()}.partial")
    arguments = [name for name, _ in system.named_children() if name not in TRAINING_ONLY]
    weights = {
        name: tensor.detach().cpu().contiguous()
        for name, tensor in system.state_dict().items()
        if name.partition(".")[0] not in TRAINING_ONLY
    }
    try:
        partial.mkdir(parents=True)
        safetensors.torch.save_file(weights, partial / WEIGHTS)
        (partial / PARTS).write_text(select(configuration, {"tokenizer": None, "system": arguments}), "utf-8")
        (partial / CARD).write_text(card, "utf-8")
        load_model(partial)  # a model that cannot be loaded is never released
        if directory.exists():
            shutil.rmtree(directory)
        partial.rename(directory)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def load_model(directory: str | Path, device: str | torch.device = "cpu") -> Model:
    """The model of a directory, in evaluation mode on ``device``.

    ``model.yaml`` may hold registry tags only, and weights are safetensors, so that a stranger's model
    cannot run code.

    Raises
    ------
    ModelError
        When a file is missing or damaged, or the weights do not fit the parts.
    kwskit.hparams.HparamsError
        When ``model.yaml`` holds a tag other than the registry's, or an unknown part or argument.
    """
    directory = Path(directory)
    try:
        text = (directory / PARTS).read_text("utf-8")
    except OSError as error:
        raise ModelError(
            f"{directory / PARTS}: cannot be read ({error.strerror}); is this a model directory?"
        ) from error
    parts = load_parts(text, directory / PARTS)
    missing = {"tokenizer", "system"} - set(parts)
    if missing:
        raise ModelError(f"{directory / PARTS}: the key '{missing.pop()}' is missing")
    system = parts["system"]
    if not isinstance(system, nn.Module):
        raise ModelError(f"{directory / PARTS}: 'system' must be a !system: part")
    try:
        weights = safetensors.torch.load_file(directory / WEIGHTS)
    except (OSError, safetensors.SafetensorError) as error:
        raise ModelError(f"{directory / WEIGHTS}: cannot be read: {error}") from error
    try:
        system.load_state_dict(weights)
    except RuntimeError as error:
        raise ModelError(f"{directory / WEIGHTS}: does not fit {PARTS}: {error}") from error
    return Model(system.to(device).eval(), parts["tokenizer"])
