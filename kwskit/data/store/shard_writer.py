"""Writes one shard of a packed store, whole or not at all."""

import contextlib
from pathlib import Path
from types import TracebackType

import numpy as np
import pyarrow as pa

from kwskit.atomic_write import partial_of
from kwskit.constants import SAMPLE_RATE

PCM_SCHEMA = pa.schema([pa.field("pcm", pa.large_list(pa.int16()))], {"sample_rate": str(SAMPLE_RATE)})
SAMPLE_BYTES = 2


class ShardWriter:
    """An Arrow IPC file of segments that takes its name when the block ends well, and is removed when not.

    Parameters
    ----------
    path : the file

    Attributes
    ----------
    bytes : size of the finished file
    lens : samples of every segment, a list of (segments,) int64, one a record batch
    """

    def __init__(self, path: Path):
        self.path = path
        self.partial = partial_of(path)
        self.lens: list[np.ndarray] = []
        self.bytes = 0

    def __enter__(self) -> "ShardWriter":
        self.sink = open_sink(str(self.partial))
        self.writer = pa.ipc.new_file(self.sink, PCM_SCHEMA)
        return self

    def add(self, samples: np.ndarray, lens: np.ndarray) -> None:
        """Append a record batch: ``samples`` (total,) int16, the segments end to end, of ``lens`` (segments,)."""
        offsets = np.concatenate([[0], np.cumsum(lens, dtype=np.int64)])
        if offsets[-1] != len(samples):
            raise ValueError(f"{len(samples)} samples for segments of {offsets[-1]} samples together")
        column = pa.LargeListArray.from_arrays(pa.array(offsets), pa.array(samples, pa.int16()))
        self.writer.write_batch(pa.record_batch([column], schema=PCM_SCHEMA))
        self.lens.append(np.asarray(lens, dtype=np.int64))

    def offsets(self) -> np.ndarray:
        """(segments,) int64: where each segment begins in the finished file, in samples from the file's begin."""
        whole = pa.memory_map(str(self.path)).read_buffer()
        reader = pa.ipc.open_file(pa.BufferReader(whole))
        places = [np.zeros(0, np.int64)]
        for batch, lens in enumerate(self.lens):
            values = reader.get_batch(batch).column(0).values
            if len(values):
                begin = values.buffers()[1].address - whole.address
                places.append(begin // SAMPLE_BYTES + np.cumsum(lens) - lens)
        return np.concatenate(places)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if error is None:
                self.writer.close()
                self.sink.close()
                self.bytes = self.partial.stat().st_size
                self.partial.replace(self.path)
        finally:
            for open_file in (self.writer, self.sink):
                # A full disk refuses the last bytes as well; they are about to be deleted.
                with contextlib.suppress(OSError, pa.ArrowInvalid):
                    open_file.close()
            self.partial.unlink(missing_ok=True)


def open_sink(path: str) -> pa.NativeFile:
    """A new file to write Arrow to."""
    return pa.OSFile(path, "wb")
