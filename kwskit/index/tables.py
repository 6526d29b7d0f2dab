"""What the tables of an index hold."""

from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray


@dataclass
class Added:
    """What became of the files that were to be indexed.

    Attributes
    ----------
    indexed : paths of files that are in the index now and were not
    replaced : paths of files that had changed
    skipped : how many had been indexed before and have not changed
    removed : paths of files that were in the index and are no more
    refused : files and folders that cannot be read, or files whose name no index can hold, with the reason
    passed_over : recordings of kinds that are not read
    seconds : of audio indexed
    """

    indexed: list[str] = field(default_factory=list)
    replaced: list[str] = field(default_factory=list)
    skipped: int = 0
    removed: list[str] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)
    passed_over: list[str] = field(default_factory=list)
    seconds: float = 0.0

    def summary(self) -> str:
        """In one line for people."""
        parts = [f"{len(self.indexed)} files indexed"]
        counts = {"replaced": len(self.replaced), "unchanged": self.skipped, "removed": len(self.removed)}
        parts += [f"{count} {what}" for what, count in counts.items() if count]
        if self.refused:
            parts.append(f"{len(self.refused)} cannot be read")
        return f"{', '.join(parts)}; {self.seconds / 3600:.2f} h of audio"


class Found(NamedTuple):
    """One hit.

    Attributes
    ----------
    path : of the audio file
    start, stop : of the best window, in seconds of the file
    score : the cosine with the query, less the mean of those of 300 other words and over their deviation
    """

    path: str
    start: float
    stop: float
    score: float


class IndexedFile(NamedTuple):
    """A file of an index: its number, path, size in bytes, time of the last change in ns, and duration in seconds."""

    file: int
    path: str
    size: int
    changed: int
    seconds: float


class WindowRows(NamedTuple):
    """Windows of one length, as :class:`~kwskit.index.cohort_norm.CohortNorm` makes rows of them.

    ``file`` (n,) int64, ``start`` and ``stop`` (n,) in seconds of it, ``deviation`` (n,), ``row`` (n, columns) float16.
    """

    file: NDArray[np.int64]
    start: NDArray[np.float64]
    stop: NDArray[np.float64]
    deviation: NDArray[np.float32]
    row: NDArray[np.float16]

    @staticmethod
    def join(parts: "list[WindowRows]") -> "WindowRows":
        """One after another."""
        columns: Any = (np.concatenate(column) for column in zip(*parts, strict=True))
        return WindowRows(*columns)


class NearestWindows(NamedTuple):
    """Windows that a search has found: ``file`` numbers, ``start``, ``stop``, ``score``, ``deviation``, each (n,).

    ``floor`` : windows that have not been found score at most so much; -inf where all have been.
    """

    file: NDArray[np.int64]
    start: NDArray[np.float64]
    stop: NDArray[np.float64]
    score: NDArray[np.float32]
    deviation: NDArray[np.float32]
    floor: float

    def take(self, rows: NDArray[Any]) -> "NearestWindows":
        """Those of ``rows``, numbers or a mask."""
        columns: Any = [*(column[rows] for column in self[:5]), self.floor]
        return NearestWindows(*columns)

    def renormalised(self, mean: float, deviation: float) -> "NearestWindows":
        """Scores with the ``mean`` and ``deviation`` of a query's cosines in the place of each window's own."""
        usual = self.deviation.mean() if len(self.score) else 1.0
        score = (self.score * self.deviation - mean) / np.float32(deviation)
        return self._replace(score=score, floor=float((self.floor * usual - mean) / deviation))

    @staticmethod
    def join(parts: "list[NearestWindows]") -> "NearestWindows":
        """All of ``parts``."""
        columns: Any = [np.concatenate(column) for column in list(zip(*parts, strict=True))[:5]]
        columns.append(max(part.floor for part in parts))
        return NearestWindows(*columns)
