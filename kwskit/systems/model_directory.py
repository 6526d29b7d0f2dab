"""A trained model as a directory that loads without running anyone's code."""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import safetensors
import safetensors.torch
import torch

from kwskit.foreign_yaml import load_parts
from kwskit.hparams import select
from kwskit.model_error import ModelError
from kwskit.systems.system import System

WEIGHTS, PARTS, CARD = "model.safetensors", "model.yaml", "README.md"
# What only training uses; the aligner stays, since it shows where each phoneme was heard.
TRAINING_ONLY = {"losses", "wave_augment", "feature_augment"}


@dataclass(frozen=True)
class Model:
    """A system in evaluation mode and its tokenizer."""

    system: System
    tokenizer: Any


def save_model(directory: str | Path, system: System, configuration: str, card: str) -> None:
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
    model = _build(Path(directory))
    weights_path = Path(directory) / WEIGHTS
    try:
        weights = safetensors.torch.load_file(weights_path)
    except (OSError, safetensors.SafetensorError) as error:
        raise ModelError(f"{weights_path}: cannot be read: {error}") from error
    try:
        model.system.load_state_dict(weights)
    except RuntimeError as error:
        raise ModelError(f"{weights_path}: does not fit {PARTS}: {error}") from error
    model.system.to(device).eval()
    return model


def untrained_model(directory: str | Path, seed: int, device: str | torch.device = "cpu") -> Model:
    """The same architecture with weights fresh from ``seed``: what training starts from.

    Raises
    ------
    ModelError, kwskit.hparams.HparamsError
        As :func:`load_model`.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = _build(Path(directory))
    model.system.to(device).eval()
    return model


def _build(directory: Path) -> Model:
    path = directory / PARTS
    try:
        text = path.read_text("utf-8")
    except OSError as error:
        raise ModelError(f"{path}: cannot be read ({error.strerror}); is this a model directory?") from error
    parts = load_parts(text, path)
    for key in ("tokenizer", "system"):
        if key not in parts:
            raise ModelError(f"{path}: the key '{key}' is missing")
    if not isinstance(parts["system"], System):
        raise ModelError(f"{path}: 'system' must be a !system: part")
    return Model(parts["system"], parts["tokenizer"])
