"""What the tables of an index hold."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray


class IndexedFile(NamedTuple):
    """A file of an index: its number, path, size in bytes, time of the last change in ns, and duration in seconds."""

    file: int
    path: str
    size: int
    changed: int
    seconds: float


class Windows(NamedTuple):
    """Windows of one length: ``file`` int64, ``start`` and ``stop`` in seconds of it, ``row`` (n, columns) float16."""

    file: NDArray[np.int64]
    start: NDArray[np.float64]
    stop: NDArray[np.float64]
    row: NDArray[np.float16]

    @staticmethod
    def join(parts: "list[Windows]") -> "Windows":
        """One after another."""
        columns: Any = (np.concatenate(column) for column in zip(*parts, strict=True))
        return Windows(*columns)


class Near(NamedTuple):
    """Windows that a search has found: ``file`` numbers, ``start``, ``stop``, ``score``, each (n,).

    ``floor`` : windows that have not been found score at most so much; -inf where all have been.
    """

    file: NDArray[np.int64]
    start: NDArray[np.float64]
    stop: NDArray[np.float64]
    score: NDArray[np.float32]
    floor: float

    @staticmethod
    def join(parts: "list[Near]") -> "Near":
        """All of ``parts``."""
        columns: Any = [np.concatenate(column) for column in list(zip(*parts, strict=True))[:4]]
        columns.append(max(part.floor for part in parts))
        return Near(*columns)
