"""Audio files and folders of them, as a person names them."""

import os
from collections.abc import Sequence
from pathlib import Path

from kwskit.data.audio_folder import AudioFolder, audio_below


def require_paths(paths: Sequence[str | Path]) -> None:
    """Raise FileNotFoundError when one of ``paths`` is not there."""
    for path in map(Path, paths):
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
    for path in (Path(os.path.abspath(path)) for path in paths):
        if path.is_dir():
            below = audio_below(path)
            found.files += below.files
            found.passed_over += below.passed_over
            found.closed |= below.closed
        else:
            found.files.append(path)
    found.files, found.passed_over = list(dict.fromkeys(found.files)), list(dict.fromkeys(found.passed_over))
    return found
