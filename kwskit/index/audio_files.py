"""Audio files below folders."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

# What people keep sound in; whether a file can be read is seen when it is read.
SOUND = ("wav", "flac", "ogg", "oga", "opus", "mp3", "aiff", "aif", "aifc", "au", "snd", "caf", "w64", "rf64", "sph")
OTHERS = ("wv", "voc", "gsm", "amr", "ac3", "m4a", "aac", "mp4", "wma", "mka", "webm")
SUFFIXES = {f".{name}" for name in (*SOUND, *OTHERS)}


def audio_files(paths: Sequence[str | Path]) -> Iterator[Path]:
    """Absolute paths of the audio files below ``paths``, each once, those of a folder in the order of their names.

    In a folder those are audio whose names end like it; a file that is named itself is taken as audio. Hidden files
    and folders are left out.

    Raises
    ------
    FileNotFoundError
        When a path is not there.
    """
    for path in map(Path, paths):
        if not path.exists():
            raise FileNotFoundError(f"{path}: no such file or folder")
    told: set[Path] = set()
    for path in map(Path, paths):
        for found in _below(path.absolute()):
            if found not in told:
                told.add(found)
                yield found


def _below(path: Path) -> Iterator[Path]:
    if not path.is_dir():
        yield Path(os.path.normpath(path))
        return
    for folder, folders, names in os.walk(os.path.normpath(path)):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            if Path(name).suffix.lower() in SUFFIXES and not name.startswith("."):
                yield Path(folder, name)
