"""Recordings added to an index, by this process or in parts by many."""

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from kwskit.data.audio import AudioError
from kwskit.data.progress import Progress
from kwskit.index.tables import Added, IndexedFile
from kwskit.index.window_tables import WindowTables
from kwskit.index.window_writer import WINDOWS_KEPT, WindowWriter

SECONDS_KEPT = 60.0  # of work before it is written


class Part(NamedTuple):
    """Recordings whose windows are written: their ``files``; and the reasons of those that are ``refused``, by path."""

    files: list[IndexedFile]
    refused: dict[str, str]


class Indexing:
    """Adds recordings to an index; what is not finished is not in it.

    Parameters
    ----------
    tables : of the index
    writer : of the windows
    """

    def __init__(self, tables: WindowTables, writer: WindowWriter):
        self.tables, self.writer = tables, writer
        self.known: Mapping[str, IndexedFile] = {one.path: one for one in tables.files()}
        self.added = Added()
        self._written = time.monotonic()
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

    def add_all(self, paths: Sequence[Path], progress: Progress | None) -> None:
        """Index files in this process."""
        for path in paths:
            self.add(path, progress)
        self.write()

    def add(self, path: Path, progress: Progress | None) -> None:
        """Index a file in this process; one that cannot be read is told of."""
        try:
            self.take(Part([self.writer.add(path, progress)], {}))
        except (AudioError, OSError) as error:
            self.take(Part([], {str(path): str(error)}))
        except BaseException:  # what was finished is kept
            self.write()
            raise
        if self.writer.count >= WINDOWS_KEPT or time.monotonic() - self._written >= SECONDS_KEPT:
            self.write()

    def take(self, part: Part) -> None:
        """Count a part in; :meth:`write` puts it into the index."""
        for one in part.files:
            (self.added.replaced if one.path in self.known else self.added.indexed).append(one.path)
            self.added.seconds += one.seconds
        self._files += part.files
        self.added.refused |= part.refused

    def write(self) -> None:
        """Put what has been embedded into the index: windows first, then their files, and then old windows go."""
        self.writer.write()
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
