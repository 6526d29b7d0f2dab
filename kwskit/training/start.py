"""What training starts from, and what it leaves as it is."""

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import safetensors
import safetensors.torch
import torch
from torch import Tensor

from kwskit.arguments import ArgumentError
from kwskit.errors import ModelError, UnpronounceableText
from kwskit.speech_model.model_source import ModelSource
from kwskit.systems.model_directory import WEIGHTS, load_tokenizer
from kwskit.systems.system import System

# Every phoneme and every letter; texts that two tokenizers write alike here, they write alike.
PANGRAM = "the quick brown fox jumps over lazy dogs beige voyage thing church with joyous measures out loud"


def start_from(model: str | Path, system: System, fresh: Collection[str], tokenizer: Any) -> list[str]:
    """Give ``system`` the weights of the parts that ``model`` has too, and name these parts.

    Parameters
    ----------
    model : a model directory, or the name of a packaged model
    system : changed in place
    fresh : parts left as they are
    tokenizer : what the system's texts are made of

    Raises
    ------
    kwskit.errors.ModelError
        When the weights cannot be read, a part has other shapes there than here, or a text encoder that is taken over
        would read other tokens than it has learnt.
    """
    directory = ModelSource.find(model).directory
    path = directory / WEIGHTS
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
    if "text_encoder" in taken:
        _check_tokens(directory, tokenizer)
    return taken


def _check_tokens(directory: str | Path, tokenizer: Any) -> None:
    """Shapes may agree where tokens do not: 75 ids can be phonemes here and letters there."""
    there = load_tokenizer(directory)
    for word in PANGRAM.split():
        theirs, ours = _tokens(there, word), _tokens(tokenizer, word)
        if theirs != ours:
            raise ModelError(
                f"training.init: the tokenizer of {directory} writes '{word}' as {theirs}, this system's as {ours}; "
                "take that model's tokenizer, or name the text_encoder in training.fresh to start it from chance"
            )


def _tokens(tokenizer: Any, word: str) -> list[list[int]] | None:
    """The ids of ``word``; None where it cannot be written, as with subwords of few words."""
    try:
        return tokenizer.encode(word)
    except UnpronounceableText:
        return None


def mixed(start: Mapping[str, Tensor], end: Mapping[str, Tensor], share: float) -> dict[str, Tensor]:
    """``share`` of the weights ``start`` and the rest of ``end``, by name; whole numbers are those of ``end``.

    Source: WiSE-FT, Wortsman et al. 2022, eq. 1, whose alpha is ``1 - share``.
    """
    return {
        name: torch.lerp(start[name].to(weights), weights, 1 - share) if weights.is_floating_point() else weights
        for name, weights in end.items()
    }


def freeze_parts(system: System, names: Collection[str]) -> None:
    """Take the parts' parameters out of the training.

    Raises
    ------
    kwskit.arguments.ArgumentError
        For a part that the system does not have.
    """
    parts = dict(system.named_children())
    for name in names:
        if name not in parts:
            raise ArgumentError("training.freeze", f"names no part of the system: '{name}'; it has: {', '.join(parts)}")
        parts[name].requires_grad_(False)


def hold_frozen(system: System, frozen: Collection[str], keep_statistics: bool) -> None:
    """Put the parts ``frozen`` into evaluation, and with ``keep_statistics`` all that have running statistics."""
    for name in frozen:
        system.get_submodule(name).eval()
    if keep_statistics:
        for part in system.modules():
            if getattr(part, "running_mean", None) is not None:
                part.eval()
