"""The files of a released model, and whether they are as released."""

import hashlib
from collections.abc import Container
from pathlib import Path

from kwskit.speech_model.model_card import FILE, ModelCard

AT_ONCE = 1 << 20


def file_digests(directory: Path) -> dict[str, str]:
    """SHA-256 of :func:`files` by path within ``directory``, in POSIX style."""
    return {path.relative_to(directory).as_posix(): _digest(path) for path in files(directory)}


def files(directory: Path) -> list[Path]:
    """The files of a model but for its card; what starts with a dot is no part of it."""
    found = (path for path in directory.rglob("*") if path.is_file() and path != directory / FILE)
    return sorted(path for path in found if not any(part.startswith(".") for part in path.relative_to(directory).parts))


def size(directory: Path) -> int:
    """Bytes of a model and its card."""
    return sum(path.stat().st_size for path in [*files(directory), directory / FILE])


def differences(directory: Path, card: ModelCard, names: Container[str] | None = None) -> list[str]:
    """What is not as released, a line a file; empty where all is. Files are those of ``names``, or all."""
    there = file_digests(directory)
    found = []
    for path in sorted({*there, *card.files}):
        if names is not None and path not in names:
            continue
        if path not in there:
            found.append(f"{path} is missing")
        elif path not in card.files:
            found.append(f"{path} was not released: {FILE} does not list it")
        elif there[path] != card.files[path]:
            found.append(f"{path} differs from the one that was released")
    return found


def _digest(path: Path) -> str:
    found = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(AT_ONCE):
            found.update(block)
    return found.hexdigest()
