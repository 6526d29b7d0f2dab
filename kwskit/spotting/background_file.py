"""Backgrounds in files."""

from pathlib import Path

from kwskit.array_file import read_arrays
from kwskit.spotting.background import VERSION, Background
from kwskit.spotting.peak_estimates import BackgroundError

FILE = "background.npz"
LARGEST = 2**31  # bytes of a file's arrays; a file that announces more is not read


def read_background(path: str | Path) -> Background:
    """What a background's ``save`` has written.

    Raises
    ------
    BackgroundError
        When the file is missing, damaged, something else, or has windows that spotting has not.
    """
    try:
        arrays = read_arrays(path, LARGEST)
        version = arrays.get("version")
        if version is None or version.shape or int(version) != VERSION:
            raise BackgroundError("no background that this kwskit reads: record it again")
        return Background.of_arrays(arrays)
    except BackgroundError as error:
        raise BackgroundError(f"{path}: {error}") from None
    except FileNotFoundError:
        raise BackgroundError(f"{path}: no such file") from None
    except (OSError, ValueError, TypeError, KeyError, MemoryError, OverflowError) as error:
        raise BackgroundError(f"{path}: no background, or damaged: {error}") from error
