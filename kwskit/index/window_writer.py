"""Recordings turned into windows of an index."""

import secrets
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kwskit.constants import SAMPLE_RATE
from kwskit.data.audio import AudioError, read_blocks
from kwskit.data.audio_folder import has_utf8_name
from kwskit.data.progress import Progress
from kwskit.index.cohort_norm import CohortNorm
from kwskit.index.tables import IndexedFile, WindowRows
from kwskit.index.window_tables import WindowTables
from kwskit.speech_model.speech_model import SpeechModel
from kwskit.spotting.windows.listener import EncodedWindows, Listener
from kwskit.spotting.windows.listening import knows_streams, listener

BLOCK = 60.0  # s of audio read at once
WINDOWS_KEPT = 50_000  # in memory before they are written


class WindowWriter:
    """Adds the windows of recordings to an index; their files are the caller's to put into it.

    Parameters
    ----------
    tables : of the index
    model : embeds recordings
    norm : what makes rows of embeddings

    Attributes
    ----------
    count : windows in memory
    """

    def __init__(self, tables: WindowTables, model: SpeechModel, norm: CohortNorm):
        self.tables, self.norm = tables, norm
        self._model, self._settings = model, tables.about.search_settings()
        self.lengths = sorted(self._settings.windows)
        self._windows: dict[float, list[WindowRows]] = {length: [] for length in self.lengths}
        self._flushed: set[int] = set()  # files of the last windows written
        self.count = 0

    def add(self, path: Path, progress: Progress | None = None) -> IndexedFile:
        """Embed a recording under a new number; whatever is raised, its windows are gone again.

        Raises
        ------
        AudioError, OSError
            When it cannot be read, or no index can hold its name.
        """
        number = secrets.randbits(62)
        if not has_utf8_name(path):
            raise AudioError(f"{path}: its name is not UTF-8: rename it")
        try:
            stat = path.stat()
            seconds = self._add_windows(path, number, progress)
        except BaseException:
            self._drop(number)
            raise
        return IndexedFile(number, str(path), stat.st_size, stat.st_mtime_ns, seconds)

    def write(self) -> None:
        """Write the windows that are in memory."""
        kept = {length: parts for length, parts in self._windows.items() if parts}
        self.tables.add_windows({length: WindowRows.join(parts) for length, parts in kept.items()})
        self._flushed = {number for parts in kept.values() for part in parts for number in part.file[:1].tolist()}
        self._windows, self.count = {length: [] for length in self.lengths}, 0

    def _add_windows(self, path: Path, number: int, progress: Progress | None) -> float:
        hears, samples = self._listener(), 0
        for block in read_blocks(path, block=BLOCK):
            if progress is not None:
                progress.advance((samples + len(block)) // SAMPLE_RATE - samples // SAMPLE_RATE)
            samples += len(block)
            for windows in hears.push(block):
                self._keep(number, windows, self._nearest(windows))
            if self.count >= WINDOWS_KEPT:
                self.write()
        for windows in hears.finish():
            whole = windows.start[0] == 0 and len(windows.start) == 1 and samples / SAMPLE_RATE < self.lengths[-1]
            # A recording shorter than a length is one window, which stands for all those lengths.
            longer = [length for length in self.lengths if length * SAMPLE_RATE > samples] if whole else []
            for length in longer or [self._nearest(windows)]:
                self._keep(number, windows, length)
        return samples / SAMPLE_RATE

    def _listener(self) -> Listener[NDArray[np.float32]]:
        settings, model = self._settings, self._model
        return listener(model, settings.windows, knows_streams(model), settings.overlap, settings.hop or np.inf)

    def _nearest(self, windows: EncodedWindows[NDArray[np.float32]]) -> float:
        return self.lengths[np.abs(np.array(self.lengths) - (windows.stop[0] - windows.start[0])).argmin()]

    def _keep(self, number: int, windows: EncodedWindows[NDArray[np.float32]], length: float) -> None:
        rows, deviation = self.norm.windows(windows.kept)
        file = np.full(len(rows), number, np.int64)
        self._windows[length].append(WindowRows(file, windows.start, windows.stop, deviation, rows.astype(np.float16)))
        self.count += len(rows)

    def _drop(self, number: int) -> None:
        """Forget the windows of a file."""
        for length, parts in self._windows.items():
            self._windows[length] = [part for part in parts if part.file[0] != number]
        if number in self._flushed:
            self.tables.remove_windows([number])
