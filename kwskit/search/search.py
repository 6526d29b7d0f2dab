"""Recordings searched for queries."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Generic, Protocol, TypeVar

import numpy as np
import pyarrow as pa
from numpy.typing import ArrayLike, NDArray

from kwskit.data.audio import probe, read_blocks
from kwskit.data.progress import Progress
from kwskit.data.records import DETECTIONS
from kwskit.search.search_settings import SearchSettings
from kwskit.spotting.peak_picker import PeakPicker, Peaks
from kwskit.spotting.windows.listener import EncodedWindows, Listener

BLOCK = 60.0  # s of audio read at once
FEWEST = 10  # peaks of a query that any recording may have
T = TypeVar("T")


class Queries(Protocol[T]):
    """Queries that windows of speech can be compared with."""

    def __len__(self) -> int: ...

    def scores(self, windows: EncodedWindows[T]) -> NDArray[np.float32]:
        """(n, number of queries) of n windows, higher for a better match; -inf for one that is not to be found."""
        ...


class StreamSearch(Generic[T]):
    """Where queries are in one stream of sound, told as it arrives.

    Memory is bounded by a block and by what a peak waits for: half the longest window and the refractory time.

    Parameters
    ----------
    listener : turns the stream into windows
    queries : what is searched for
    refractory : peaks of a query are at least so many seconds apart
    """

    def __init__(self, listener: Listener[T], queries: Queries[T], refractory: float):
        self.listener, self.queries = listener, queries
        self._picker = PeakPicker(len(queries), refractory)

    def push(self, block: ArrayLike) -> Peaks:
        """The peaks that are certain after ``block`` (samples,), int16 at 16 kHz."""
        found = list(self.listener.push(np.asarray(block, np.int16)))
        return self._peaks(found, self.listener.seen)

    def finish(self) -> Peaks:
        """The peaks that waited for the stream to go on."""
        return self._peaks(self.listener.finish(), np.inf)

    def _peaks(self, found: Iterable[EncodedWindows[T]], seen: float) -> Peaks:
        starts, stops, scores = [np.zeros(0)], [np.zeros(0)], [np.zeros((0, len(self.queries)), np.float32)]
        for windows in found:
            starts.append(windows.start)
            stops.append(windows.stop)
            scores.append(self.queries.scores(windows))
        return self._picker.push(np.concatenate(starts), np.concatenate(stops), np.concatenate(scores), seen)


def search_recordings(
    listen: Callable[[], Listener[T]],
    queries: Queries[T],
    names: Sequence[str],
    recordings: pa.Table,
    settings: SearchSettings,
    folder: Path = Path(),
) -> pa.Table:
    """Detections of all queries in all recordings: ``query, recording, start, stop, score``.

    Times are seconds of the recording, that is, from its ``start`` in the file.

    Parameters
    ----------
    listen : a listener for each recording
    queries : what is searched for
    settings : refractory time, and how many peaks are kept
    names : of the queries
    recordings : table with ``recording``, ``path``, and ``start`` and ``stop`` in seconds of the file
    folder : relative paths start here

    Raises
    ------
    kwskit.data.audio.AudioError
        When a recording cannot be read.
    """
    parts = []
    seconds = int(sum(stop - start for start, stop in zip(*_times(recordings), strict=True)))
    with Progress(seconds, "searching", "s of audio") as progress:
        for number, row in enumerate(recordings.to_pylist()):
            peaks = search_file(listen, queries, folder / row["path"], settings, row["start"], row["stop"])
            parts.append((number, peaks))
            progress.advance(int(row["stop"] - row["start"]))
    peaks = Peaks.join([found for _, found in parts])
    owner = np.repeat([number for number, _ in parts], [len(found.query) for _, found in parts]).astype(np.int64)
    columns = {
        "query": pa.array(names, pa.string()).take(pa.array(peaks.query)),
        "recording": recordings["recording"].combine_chunks().take(pa.array(owner)),
        "start": peaks.start,
        "stop": peaks.stop,
        "score": peaks.score.astype(np.float64),
    }
    return pa.table(columns, schema=pa.schema(DETECTIONS))


def search_file(
    listen: Callable[[], Listener[T]],
    queries: Queries[T],
    path: Path,
    settings: SearchSettings,
    start: float = 0.0,
    stop: float = float("inf"),
) -> Peaks:
    """Peaks in the stretch of a file from ``start`` to ``stop``, in seconds from ``start``, by query and time.

    The file is read in blocks.

    Raises
    ------
    kwskit.data.audio.AudioError
        When it cannot be read.
    """
    hours = (min(stop, probe(path)[1]) - start) / 3600
    most = max(FEWEST, round(hours * settings.most_per_hour))
    stream = StreamSearch(listen(), queries, settings.refractory)
    kept: list[Peaks] = []
    for block in read_blocks(path, start, stop, BLOCK):
        kept.append(stream.push(block))
        if sum(len(peaks.query) for peaks in kept) > 4 * most * len(queries):
            kept = [Peaks.join(kept).highest(most)]
    return Peaks.join([*kept, stream.finish()]).highest(most)


def _times(recordings: pa.Table) -> tuple[list[float], list[float]]:
    return recordings["start"].to_pylist(), recordings["stop"].to_pylist()
