"""Writes a packed store, whole or not at all."""

import contextlib
import errno
import shutil
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from kwskit.data.store_layout import INDEX, PCM, SAMPLE_RATE, VERSION, StoreError

PCM_SCHEMA = pa.schema([pa.field("pcm", pa.large_list(pa.int16()))], {"sample_rate": str(SAMPLE_RATE)})


class StoreWriter:
    """Builds a store beside ``path`` and moves it there at the end; an earlier store gives way only then.

    Use as a context manager: :meth:`add` the samples batch by batch, then :meth:`finish` with the labels. Leaving
    the block by an exception, or without ``finish``, leaves nothing behind.

    Parameters
    ----------
    path : folder of the store

    Raises
    ------
    StoreError
        When ``path`` is a folder (not empty) that is no store: it would be lost.
    OSError
        When the disk is full (``errno.ENOSPC``), in words that say so.
    """

    def __init__(self, path: str | Path):
        self.path = Path(path)
        if self.path.exists() and not (self.path / INDEX).is_file() and any(self.path.iterdir()):
            raise StoreError(f"{self.path}: is there already and is no packed store; it will not be replaced")
        self.partial = self.path.with_name(f".{self.path.name}.partial")
        self.lens: list[np.ndarray] = []
        self.finished = False

    def __enter__(self) -> "StoreWriter":
        shutil.rmtree(self.partial, ignore_errors=True)
        self.partial.mkdir(parents=True)
        self.sink = _open_sink(str(self.partial / PCM), "wb")
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

    def finish(
        self,
        utt_ids: pa.Array | pa.ChunkedArray,
        words: pa.Array | pa.ChunkedArray,
        speakers: pa.Array | pa.ChunkedArray,
        facts: Mapping[str, object] | None = None,
    ) -> None:
        """Write the index; the texts (n,) are in the order in which the segments were added."""
        self.writer.close()
        self.sink.close()
        lens = np.concatenate([np.zeros(0, np.int64), *self.lens])
        if not len(lens) == len(utt_ids) == len(words) == len(speakers):
            raise ValueError(
                f"{len(lens)} segments with {len(utt_ids)} ids, {len(words)} words, {len(speakers)} speakers"
            )
        sizes = [len(batch) for batch in self.lens]
        ends = [np.cumsum(batch) - batch for batch in self.lens]
        utt_ids = _one_array(utt_ids).cast(pa.large_string())
        columns = {
            "utt_id": utt_ids,
            "word": _encode(words),
            "speaker": _encode(speakers),
            "num_samples": pa.array(lens),
            "batch": pa.array(np.repeat(np.arange(len(sizes), dtype=np.int32), sizes)),
            "offset": pa.array(np.concatenate([np.zeros(0, np.int64), *ends])),
            "by_utt_id": pc.sort_indices(utt_ids).cast(pa.int64()),
        }
        facts = {"version": VERSION, "sample_rate": SAMPLE_RATE, **(facts or {})}
        index = pa.record_batch(columns).replace_schema_metadata({key: str(value) for key, value in facts.items()})
        with _open_sink(str(self.partial / INDEX), "wb") as sink, pa.ipc.new_file(sink, index.schema) as writer:
            writer.write_batch(index)
        self.finished = True

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None and self.finished:
            self._replace()
            return
        for open_file in (self.writer, self.sink):
            # A full disk refuses the last bytes as well; they are about to be deleted.
            with contextlib.suppress(OSError, pa.ArrowInvalid):
                open_file.close()
        shutil.rmtree(self.partial, ignore_errors=True)
        if isinstance(error, OSError) and error.errno == errno.ENOSPC:
            written = sum(int(batch.sum()) for batch in self.lens) * 2 / 1e9
            raise OSError(
                errno.ENOSPC, f"{self.path}: the disk is full after {written:.2f} GB; nothing was kept"
            ) from error

    def _replace(self) -> None:
        old = self.path.with_name(f".{self.path.name}.old")
        shutil.rmtree(old, ignore_errors=True)
        if self.path.exists():
            self.path.rename(old)
        self.partial.rename(self.path)
        shutil.rmtree(old, ignore_errors=True)


def _open_sink(path: str, mode: str) -> pa.NativeFile:
    return pa.OSFile(path, mode)


def _one_array(column: pa.Array | pa.ChunkedArray) -> pa.Array:
    if isinstance(column, pa.Array):
        return column
    # Above 2 GB of text only the large type holds everything in one array.
    return column.cast(pa.large_string()).combine_chunks()


def _encode(column: pa.Array | pa.ChunkedArray) -> pa.DictionaryArray:
    """Dictionary encoding with int32 codes over the sorted distinct values."""
    encoded = _one_array(column).cast(pa.large_string()).dictionary_encode()
    order = pc.sort_indices(encoded.dictionary).to_numpy()
    rank = np.empty(len(order), dtype=np.int32)
    rank[order] = np.arange(len(order), dtype=np.int32)
    codes = rank[encoded.indices.to_numpy()] if len(order) else np.zeros(0, np.int32)
    return pa.DictionaryArray.from_arrays(pa.array(codes), encoded.dictionary.take(pa.array(order)).cast(pa.string()))
