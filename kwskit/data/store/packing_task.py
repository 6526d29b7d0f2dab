"""One worker's share of a packing job: a shard."""

import hashlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import numpy as np

from kwskit.constants import SAMPLE_RATE
from kwskit.data.address import located
from kwskit.data.audio import AudioError, AudioFormat, read_segments
from kwskit.data.store.packed_shard import PackedShard
from kwskit.data.store.shard_writer import ShardWriter
from kwskit.task_pool import stopped


class PackingStopped(RuntimeError):
    """The packing ends before this shard is finished."""


@dataclass(frozen=True)
class PackingTask:
    """Consecutive segments to read into a shard, those of one file next to each other.

    Attributes
    ----------
    shard : file of the samples to write
    notes : file of the facts about it; when it is there, whole, and the audio is the same, nothing is read again
    paths : a file per segment
    starts, stops : (rows,) seconds
    batch : seconds of audio in a record batch, which is what a worker holds in memory
    """

    shard: Path
    notes: Path
    paths: list[str]
    starts: np.ndarray
    stops: np.ndarray
    batch: float

    def run(self) -> PackedShard:
        """Read every segment and write the shard, then its facts; refused segments are noted, not raised.

        Raises
        ------
        PackingStopped
            When the packing has ended meanwhile, which is asked between two files; nothing is left behind.
        OSError
            When the shard cannot be written.
        """
        sources = self._sources()
        kept = PackedShard.load(self.notes, self.shard)
        if kept is not None and kept.sources == sources and len(kept.good) == len(self.paths):
            return kept
        self.notes.unlink(missing_ok=True)
        good = np.zeros(len(self.paths), dtype=bool)
        reasons: dict[int, str] = {}
        formats: Counter[AudioFormat] = Counter()
        with ShardWriter(self.shard) as writer:
            held: list[np.ndarray] = []
            for rows, segments, audio_format in self._read():
                if stopped():
                    raise PackingStopped(f"{self.shard}: stopped")
                formats.update(audio_format)
                for row, segment in zip(rows, segments, strict=True):
                    if isinstance(segment, np.ndarray):
                        good[row] = True
                        held.append(segment)
                    else:
                        reasons[row] = str(segment)
                if sum(map(len, held)) >= self.batch * SAMPLE_RATE:
                    _write(writer, held)
            if held:
                _write(writer, held)
        packed = PackedShard(
            sources=sources,
            bytes=writer.bytes,
            lens=np.concatenate([np.zeros(0, np.int64), *writer.lens]),
            offsets=writer.offsets(),
            good=good,
            reasons=[reasons[row] for row in sorted(reasons)],
            formats=formats,
        )
        packed.save(self.notes)
        return packed

    def _read(self) -> Iterator[tuple[list[int], "list[np.ndarray | AudioError]", list[AudioFormat]]]:
        """Rows of one file, at most a record batch of them, their samples, and the format where the file is new."""
        for path, own in groupby(range(len(self.paths)), key=self.paths.__getitem__):
            file_rows = list(own)
            seconds = np.cumsum(self.stops[file_rows] - self.starts[file_rows])
            new = True
            for _, part in groupby(zip(file_rows, seconds // self.batch, strict=True), key=lambda pair: pair[1]):
                rows = [row for row, _ in part]
                try:
                    found, audio_format = read_segments(path, self.starts[rows].tolist(), self.stops[rows].tolist())
                except (AudioError, OSError) as error:
                    yield rows, [AudioError(str(error))] * len(rows), []
                    continue
                yield rows, found, [audio_format] if new else []
                new = False

    def _sources(self) -> str:
        """Digest of what the audio files are now: another size or time of change makes another digest."""
        digest = hashlib.sha256()
        for path in dict.fromkeys(self.paths):
            try:
                found = located(path).stat()
                digest.update(f"{path}\t{found.st_size}\t{found.st_mtime_ns}\n".encode())
            except OSError:
                digest.update(f"{path}\tnone\n".encode())
        return digest.hexdigest()


def _write(writer: ShardWriter, held: list[np.ndarray]) -> None:
    """Move the segments to the file."""
    writer.add(np.concatenate(held), np.array([len(segment) for segment in held], dtype=np.int64))
    held.clear()
