"""A trained model as a directory that loads without running anyone's code."""

import errno
import math
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import safetensors
import safetensors.torch
import torch

from kwskit.devices import usable_device
from kwskit.errors import ModelError
from kwskit.hparams import select
from kwskit.systems.building_limits import outlined
from kwskit.systems.own_files import with_own_files
from kwskit.systems.system import System
from kwskit.systems.weights_file import check_shapes, read_shapes, read_weights
from kwskit.untrusted_yaml import load_parts, read_yaml

WEIGHTS, PARTS, CARD = "model.safetensors", "model.yaml", "README.md"
# What a model is made of; the other kinds of parts make a training or a corpus.
KINDS = ("tokenizer", "frontend", "encoder", "text_encoder", "pooler", "aligner", "matcher", "system")
# What only training uses; the aligner stays, since it shows where each phoneme was heard.
TRAINING_ONLY = {"losses", "wave_augment", "feature_augment"}
# Weights that a part may have in a package, and the model not in its file: twice those of the speech embedding, whose
# package is compared with a network before one is made of it.
ELSEWHERE = 1 << 20


@dataclass(frozen=True)
class Model:
    """A system in evaluation mode and its tokenizer."""

    system: System
    tokenizer: Any


def save_model(
    directory: str | Path,
    system: System,
    configuration: str,
    card: str,
    add: Callable[[Path], object] = lambda _: None,
) -> None:
    """Write ``model.safetensors``, ``model.yaml``, ``README.md`` and a tokenizer's files, all or none of them.

    Parameters
    ----------
    directory : replaced when it exists
    system : the trained system
    configuration : the resolved YAML it was built from, with the keys ``tokenizer`` and ``system``
    card : text of the README
    add : writes what else belongs to the model, into a directory from which it can be loaded already

    Raises
    ------
    OSError
        When there is no room for it, naming the directory.
    """
    directory = Path(directory)
    partial = directory.with_name(f".{directory.name}.{os.getpid()}.partial")
    arguments = [name for name, _ in system.named_children() if name not in TRAINING_ONLY] + [*system.kept]
    weights = {
        name: tensor.detach().cpu().contiguous()
        for name, tensor in system.state_dict().items()
        if name.partition(".")[0] not in TRAINING_ONLY
    }
    try:
        partial.mkdir(parents=True)
        safetensors.torch.save_file(weights, partial / WEIGHTS)
        parts = with_own_files(select(configuration, {"tokenizer": None, "system": arguments}), partial)
        (partial / PARTS).write_text(parts, "utf-8")
        (partial / CARD).write_text(card, "utf-8")
        load_model(partial)  # a model that cannot be loaded is never released
        add(partial)
        if directory.exists():
            shutil.rmtree(directory)
        partial.rename(directory)
    except (OSError, safetensors.SafetensorError) as error:
        number, reason = getattr(error, "errno", None), getattr(error, "strerror", None)
        raise OSError(number or errno.EIO, f"cannot be written: {reason or error}", str(directory)) from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def load_model(directory: str | Path, device: str | torch.device = "cpu") -> Model:
    """The model of a directory, in evaluation mode on ``device``.

    ``model.yaml`` may hold registry tags only, files that it names lie beside it, and weights are safetensors, so that
    a stranger's model cannot run code or read what is not its own. What it describes is compared with the weights
    before memory is taken, and tried once, so that it fails here if it fails.

    Raises
    ------
    ModelError
        When a file is missing or damaged, the weights do not fit the parts, or the parts not each other.
    kwskit.hparams.HparamsError
        When ``model.yaml`` holds a tag other than the registry's, or an unknown part or argument.
    ValueError
        When torch cannot compute on ``device``.
    """
    directory, device = Path(directory), usable_device(device)
    expected = _outline(directory)
    model = _build(directory)
    model.system.load_state_dict(read_weights(directory / WEIGHTS, expected))
    model.system.eval()
    _try(model, directory / PARTS)
    model.system.to(device)
    return model


def untrained_model(directory: str | Path, seed: int, device: str | torch.device = "cpu") -> Model:
    """The same architecture with weights fresh from ``seed``: what training starts from.

    Raises
    ------
    ModelError, kwskit.hparams.HparamsError, ValueError
        As :func:`load_model`.
    """
    device = usable_device(device)
    _outline(Path(directory))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = _build(Path(directory))
    model.system.to(device).eval()
    return model


def load_tokenizer(directory: str | Path) -> Any:
    """The tokenizer of a model directory.

    Raises
    ------
    ModelError, kwskit.hparams.HparamsError
        As :func:`load_model`.
    """
    _outline(Path(directory))
    with torch.random.fork_rng(devices=[]):
        return _build(Path(directory)).tokenizer


def _outline(directory: Path) -> dict[str, torch.Tensor]:
    """The state of the system without its values, found to fit the weights."""
    if not (directory / PARTS).is_file():
        raise ModelError(f"{directory / PARTS}: cannot be read: no such file; is this a model directory?")
    weights = directory / WEIGHTS
    found = read_shapes(weights)
    # Twice as many, for a part may replace what it has registered.
    with outlined(most_weights=2 * sum(map(math.prod, found.values())) + ELSEWHERE):
        system = _build(directory).system
    expected = system.state_dict()
    check_shapes(weights, found, expected, PARTS)
    return expected


def _build(directory: Path) -> Model:
    path = directory / PARTS
    try:
        text = read_yaml(path)
    except OSError as error:
        raise ModelError(f"{path}: cannot be read ({error.strerror}); is this a model directory?") from error
    parts = load_parts(text, path, KINDS)
    for key in ("tokenizer", "system"):
        if key not in parts:
            raise ModelError(f"{path}: the key '{key}' is missing")
    if not isinstance(parts["system"], System):
        raise ModelError(f"{path}: 'system' must be a !system: part")
    if not callable(getattr(parts["tokenizer"], "encode", None)):
        raise ModelError(f"{path}: 'tokenizer' must be a !tokenizer: part")
    return Model(parts["system"], parts["tokenizer"])


def _try(model: Model, path: Path) -> None:
    """Encode half a second of noise, and the last token that the tokenizer has."""
    wav = torch.sin(torch.arange(8000.0) ** 1.5)[None]
    tokens = torch.full((1, 3), int(getattr(model.tokenizer, "size", 2)) - 1)
    try:
        with torch.inference_mode():
            heard = model.system.encode_audio(wav, torch.tensor([8000]))
            typed = model.system.encode_text(tokens, torch.tensor([3]))
    except NotImplementedError:
        return  # a system of a plugin need not encode both by themselves
    except (RuntimeError, ValueError, TypeError, LookupError, ArithmeticError, AttributeError) as error:
        reason = str(error).strip().split("\n", 1)[0]
        raise ModelError(f"{path}: the parts do not work together: {reason}") from error
    if not (torch.isfinite(heard.frames).all() and torch.isfinite(typed.frames).all()):
        raise ModelError(f"{path.with_name(WEIGHTS)}: speech or text is encoded as NaN; training may have diverged")
