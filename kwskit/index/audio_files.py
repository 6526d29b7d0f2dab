"""Audio files and folders of them, as a person names them."""

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from kwskit.data.address import is_address, located
from kwskit.data.audio import AudioError, probe
from kwskit.data.audio_folder import AudioFolder, audio_below
from kwskit.index.tables import IndexedFile


def require_paths(paths: Sequence[str | Path]) -> None:
    """Raise FileNotFoundError when one of ``paths`` is not there."""
    for path in map(located, paths):
        if not path.exists():
            raise FileNotFoundError(f"{path}: no such file or folder")


def audio_files(paths: Sequence[str | Path]) -> AudioFolder:
    """Absolute paths of the audio files below ``paths``, each once, those of a folder in the order of their paths.

    In a folder those are audio whose names end like it; a file that is named itself is taken as audio.

    Raises
    ------
    FileNotFoundError
        When a path is not there.
    """
    require_paths(paths)
    found = AudioFolder()
    for path in (located(_absolute(path)) for path in paths):
        if path.is_dir():
            below = audio_below(path)
            found.files += below.files
            found.passed_over += below.passed_over
            found.closed |= below.closed
        else:
            found.files.append(path)
    found.files, found.passed_over = list(dict.fromkeys(found.files)), list(dict.fromkeys(found.passed_over))
    return found


def audio_seconds(path: Path) -> float:
    """Duration of a file in seconds, or 0 when it cannot be read."""
    try:
        return probe(path)[1]
    except (AudioError, OSError):
        return 0.0


def missing_files(
    indexed: Sequence[IndexedFile], paths: Sequence[str | Path], listed: AudioFolder
) -> list[IndexedFile]:
    """Files ``indexed`` that are below ``paths`` and not ``listed``; folders that cannot be read may have them."""
    there = set(map(str, listed.files))
    gone = [one for one in indexed if one.path not in there and not _is_below(one.path, map(str, listed.closed))]
    folders = [_absolute(path) for path in paths]
    return [one for one in gone if _is_below(one.path, folders)]


def _absolute(path: str | Path) -> str:
    return str(path) if is_address(path) else os.path.abspath(path)


def _is_below(path: str, folders: Iterable[str]) -> bool:
    return any(path == folder or path.startswith(folder.rstrip("/") + "/") for folder in folders)
