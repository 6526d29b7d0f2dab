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
    """Windows of one length, as :class:`~kwskit.index.cohort_norm.CohortNorm` makes rows of them.

    ``file`` (n,) int64, ``start`` and ``stop`` (n,) in seconds of it, ``deviation`` (n,), ``row`` (n, columns) float16.
    """

    file: NDArray[np.int64]
    start: NDArray[np.float64]
    stop: NDArray[np.float64]
    deviation: NDArray[np.float32]
    row: NDArray[np.float16]

    @staticmethod
    def join(parts: "list[Windows]") -> "Windows":
        """One after another."""
        columns: Any = (np.concatenate(column) for column in zip(*parts, strict=True))
        return Windows(*columns)


class Near(NamedTuple):
    """Windows that a search has found: ``file`` numbers, ``start``, ``stop``, ``score``, ``deviation``, each (n,).

    ``floor`` : windows that have not been found score at most so much; -inf where all have been.
    """

    file: NDArray[np.int64]
    start: NDArray[np.float64]
    stop: NDArray[np.float64]
    score: NDArray[np.float32]
    deviation: NDArray[np.float32]
    floor: float

    def take(self, rows: NDArray[Any]) -> "Near":
        """Those of ``rows``, numbers or a mask."""
        columns: Any = [*(column[rows] for column in self[:5]), self.floor]
        return Near(*columns)

    @staticmethod
    def join(parts: "list[Near]") -> "Near":
        """All of ``parts``."""
        columns: Any = [np.concatenate(column) for column in list(zip(*parts, strict=True))[:5]]
        columns.append(max(part.floor for part in parts))
        return Near(*columns)
