"""Recordings turned into windows of an index."""

import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kwskit.constants import SAMPLE_RATE
from kwskit.data.audio import AudioError, read_blocks
from kwskit.data.audio_folder import has_utf8_name
from kwskit.data.progress import Progress
from kwskit.index.cohort_norm import CohortNorm
from kwskit.index.tables import Added, IndexedFile, WindowRows
from kwskit.index.window_tables import WindowTables
from kwskit.spotting.windows.listener import EncodedWindows, Listener

BLOCK = 60.0  # s of audio read at once
WINDOWS_KEPT = 50_000  # in memory before they are written
SECONDS_KEPT = 60.0  # of work before it is written


class Indexing:
    """Adds recordings to an index, one after another; what is not finished is not in it.

    Parameters
    ----------
    tables : of the index
    listen : a listener for each recording
    norm : what makes rows of embeddings
    lengths : of the windows, in seconds
    """

    def __init__(
        self,
        tables: WindowTables,
        listen: Callable[[], Listener[NDArray[np.float32]]],
        norm: CohortNorm,
        lengths: Sequence[float],
    ):
        self.tables, self.listen, self.norm = tables, listen, norm
        self.lengths = sorted(lengths)
        self.known: Mapping[str, IndexedFile] = {one.path: one for one in tables.files()}
        self.added = Added()
        self._windows: dict[float, list[WindowRows]] = {length: [] for length in self.lengths}
        self._flushed: set[int] = set()  # files of the last windows written
        self._count, self._written = 0, time.monotonic()
        self._files: list[IndexedFile] = []

    def is_new(self, path: Path) -> bool:
        """Whether a file has not been indexed, or has changed since; those that have not are counted."""
        before = self.known.get(str(path))
        try:
            stat = path.stat()
        except OSError:
            return True
        same = before is not None and (before.size, before.changed) == (stat.st_size, stat.st_mtime_ns)
        self.added.skipped += same
        return not same

    def add(self, path: Path, progress: Progress | None) -> None:
        """Index a file; one that cannot be read is told of."""
        number = secrets.randbits(62)
        if not has_utf8_name(path):
            self.added.refused[str(path)] = f"{path}: its name is not UTF-8: rename it"
            return
        try:
            stat = path.stat()
            seconds = self._add_windows(path, number, progress)
        except (AudioError, OSError) as error:
            self._drop(number)
            self.added.refused[str(path)] = str(error)
            return
        except BaseException:  # what was finished is kept
            self._drop(number)
            self.write()
            raise
        self._files.append(IndexedFile(number, str(path), stat.st_size, stat.st_mtime_ns, seconds))
        (self.added.replaced if str(path) in self.known else self.added.indexed).append(str(path))
        self.added.seconds += seconds
        if self._count >= WINDOWS_KEPT or time.monotonic() - self._written >= SECONDS_KEPT:
            self.write()

    def write(self) -> None:
        """Put what has been embedded into the index: windows first, then their files, and then old windows go."""
        self._write_windows()
        if self._files:
            self.tables.put_files(self._files)
            self.tables.remove_windows([self.known[one.path].file for one in self._files if one.path in self.known])
        self._files = []
        self._written = time.monotonic()

    def remove(self, files: Sequence[IndexedFile]) -> None:
        """Take files out of the index."""
        if files:
            numbers = [one.file for one in files]
            self.tables.remove_files(numbers)
            self.tables.remove_windows(numbers)
            self.added.removed += [one.path for one in files]

    def _add_windows(self, path: Path, number: int, progress: Progress | None) -> float:
        listener, samples = self.listen(), 0
        for block in read_blocks(path, block=BLOCK):
            if progress is not None:
                progress.advance((samples + len(block)) // SAMPLE_RATE - samples // SAMPLE_RATE)
            samples += len(block)
            for windows in listener.push(block):
                self._keep(number, windows, self._nearest(windows))
            if self._count >= WINDOWS_KEPT:
                self._write_windows()
        for windows in listener.finish():
            whole = windows.start[0] == 0 and len(windows.start) == 1 and samples / SAMPLE_RATE < self.lengths[-1]
            # A recording shorter than a length is one window, which stands for all those lengths.
            longer = [length for length in self.lengths if length * SAMPLE_RATE > samples] if whole else []
            for length in longer or [self._nearest(windows)]:
                self._keep(number, windows, length)
        return samples / SAMPLE_RATE

    def _nearest(self, windows: EncodedWindows[NDArray[np.float32]]) -> float:
        return self.lengths[np.abs(np.array(self.lengths) - (windows.stop[0] - windows.start[0])).argmin()]

    def _keep(self, number: int, windows: EncodedWindows[NDArray[np.float32]], length: float) -> None:
        rows, deviation = self.norm.windows(windows.kept)
        file = np.full(len(rows), number, np.int64)
        self._windows[length].append(WindowRows(file, windows.start, windows.stop, deviation, rows.astype(np.float16)))
        self._count += len(rows)

    def _write_windows(self) -> None:
        kept = {length: parts for length, parts in self._windows.items() if parts}
        self.tables.add_windows({length: WindowRows.join(parts) for length, parts in kept.items()})
        self._flushed = {number for parts in kept.values() for part in parts for number in part.file[:1].tolist()}
        self._windows, self._count = {length: [] for length in self.lengths}, 0

    def _drop(self, number: int) -> None:
        """Forget the windows of a file."""
        for length, parts in self._windows.items():
            self._windows[length] = [part for part in parts if part.file[0] != number]
        if number in self._flushed:
            self.tables.remove_windows([number])
