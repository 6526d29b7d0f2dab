"""Arrays of a file that a stranger may have written."""

import zipfile
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

SHOWN = 200  # characters of what numpy says


def read_arrays(path: str | Path | BinaryIO, largest: int) -> dict[str, NDArray[Any]]:
    """The arrays of an ``.npz`` file by name; no objects, which would run code.

    Parameters
    ----------
    path : of the file, or itself, open for reading
    largest : bytes that its arrays may take altogether

    Raises
    ------
    FileNotFoundError
        When there is no such file.
    ValueError
        When it is no such file, damaged, or larger.
    """
    if isinstance(path, str | Path) and not Path(path).is_file():  # a pipe would be waited for
        raise FileNotFoundError(2, "no such file", str(path))
    try:
        with zipfile.ZipFile(path) as archive:
            size = sum(member.file_size for member in archive.infolist())
        if size > largest:
            raise ValueError(f"it announces {size:,} bytes; {largest:,} are the most")
        if not isinstance(path, str | Path):
            path.seek(0)
        with np.load(path, allow_pickle=False) as arrays:
            found = {name: arrays[name] for name in arrays.files}
    except OSError:
        raise
    except Exception as error:  # zipfile, zlib, lzma and numpy have errors of their own, and others for damage
        message = " ".join(str(error).split())
        raise ValueError(message if len(message) <= SHOWN else f"{message[:SHOWN]}...") from error
    strange = [name for name, array in found.items() if not isinstance(array, np.ndarray)]
    if strange:
        raise ValueError(f"'{strange[0][:SHOWN]}' is no array")
    return found
