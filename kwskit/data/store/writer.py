"""Builds a packed store beside its place and moves it there at the end, whole or not at all."""

import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from kwskit.constants import SAMPLE_RATE
from kwskit.data.store.layout import INDEX, PCM, SHARD_BYTES, VERSION, StoreError, shard_name
from kwskit.data.store.packed_shard import PackedShard
from kwskit.data.store.shard_writer import ShardWriter, open_sink

try:
    import fcntl
except ImportError:  # Windows has other locks; two packings of one store at once go unnoticed there.
    fcntl = None  # type: ignore[assignment]


class StoreWriter:
    """Builds a store in a hidden folder beside ``path``; an earlier store gives way when the new one is complete.

    Use as a context manager. The shards are written to :meth:`shard`, by any process, or :meth:`add` makes them of
    samples at hand; :meth:`finish` writes the index. Leaving the block by an exception, or without ``finish``,
    leaves nothing behind, except that a writer with a ``digest`` leaves its finished shards: the next one with the
    same digest finds them.

    Parameters
    ----------
    path : folder of the store
    digest : of all that the shards depend on; None starts over always

    Raises
    ------
    StoreError
        When ``path`` is a folder (not empty) that is no store: it would be lost; or when another process is packing
        the same store.
    OSError
        When the folder cannot be written.
    """

    def __init__(self, path: str | Path, digest: str | None = None):
        self.path = Path(path)
        if self.path.exists() and not (self.path / INDEX).is_file() and any(self.path.iterdir()):
            raise StoreError(f"{self.path}: is there already and is no packed store; it will not be replaced")
        self.partial = self.path.with_name(f".{self.path.name}.partial")
        self.work = self.partial / (digest or "new")
        self.digest = digest
        self.bytes: list[int] = []
        self.lens: list[np.ndarray] = []
        self.offsets: list[np.ndarray] = []
        self.finished = False

    def __enter__(self) -> "StoreWriter":
        self.partial.mkdir(parents=True, exist_ok=True)
        self._lock = _locked(self.partial)
        # What another manifest, another version, or a writer without a digest left.
        for other in self.partial.iterdir():
            if self.digest is None or other != self.work:
                _remove(other)
        (self.store / PCM).mkdir(parents=True, exist_ok=True)
        (self.work / "notes").mkdir(exist_ok=True)
        self._clear()
        return self

    @property
    def store(self) -> Path:
        """The store's folder as long as it is being built."""
        return self.work / "store"

    def shard(self, number: int) -> tuple[Path, Path]:
        """The files for the samples of shard ``number`` and for the facts about it."""
        return self.store / PCM / shard_name(number), self.work / "notes" / shard_name(number)

    def kept(self) -> tuple[int, int]:
        """Shards that are finished, and their bytes."""
        shards = [self.store / PCM / notes.name for notes in (self.work / "notes").glob("[0-9]*.arrow")]
        sizes = [shard.stat().st_size for shard in shards if shard.is_file()]
        return len(sizes), sum(sizes)

    def _clear(self) -> None:
        """Remove what killed workers left half-written."""
        for folder in (self.store / PCM, self.work / "notes"):
            for half in folder.glob(".*"):
                half.unlink()

    def add(self, samples: np.ndarray, lens: np.ndarray) -> None:
        """Append a shard of one record batch: ``samples`` (total,) int16, end to end, of ``lens`` (segments,)."""
        with ShardWriter(self.shard(len(self.bytes))[0]) as writer:
            writer.add(samples, lens)
        self._note(writer.bytes, writer.lens[0], writer.offsets())

    def take(self, shards: Sequence[PackedShard]) -> None:
        """Register all shards, written to the files of :meth:`shard`, in their order."""
        for shard in shards:
            self._note(shard.bytes, shard.lens, shard.offsets)

    def _note(self, size: int, lens: np.ndarray, offsets: np.ndarray) -> None:
        self.bytes.append(size)
        self.lens.append(lens)
        self.offsets.append(offsets)

    def finish(
        self,
        utt_ids: pa.Array | pa.ChunkedArray,
        words: pa.Array | pa.ChunkedArray,
        speakers: pa.Array | pa.ChunkedArray,
        facts: Mapping[str, object] | None = None,
    ) -> None:
        """Write the index; the texts (n,) are in the order in which the segments were added."""
        lens, offsets = (np.concatenate([np.zeros(0, np.int64), *parts]) for parts in (self.lens, self.offsets))
        if not len(lens) == len(utt_ids) == len(words) == len(speakers):
            raise ValueError(
                f"{len(lens)} segments with {len(utt_ids)} ids, {len(words)} words, {len(speakers)} speakers"
            )
        sizes = [len(shard) for shard in self.lens]
        utt_ids = _one_array(utt_ids)
        columns = {
            "utt_id": utt_ids,
            "word": _encode(words),
            "speaker": _encode(speakers),
            "num_samples": pa.array(lens),
            "shard": pa.array(np.repeat(np.arange(len(sizes), dtype=np.int32), sizes)),
            "offset": pa.array(offsets),
            "by_utt_id": pc.sort_indices(utt_ids).cast(pa.int64()),
        }
        own = {"version": VERSION, "sample_rate": SAMPLE_RATE, SHARD_BYTES: " ".join(map(str, self.bytes))}
        facts = {key: str(value) for key, value in {**(facts or {}), **own}.items()}
        index = pa.record_batch(columns).replace_schema_metadata(facts)
        with open_sink(str(self.store / INDEX)) as sink, pa.ipc.new_file(sink, index.schema) as writer:
            writer.write_batch(index)
        self.finished = True

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._clear()
            if error is None and self.finished:
                self._replace()
            if (error is None and self.finished) or self.digest is None or not self.kept()[0]:
                shutil.rmtree(self.partial, ignore_errors=True)
        finally:
            os.close(self._lock)

    def _replace(self) -> None:
        old = self.path.with_name(f".{self.path.name}.old")
        shutil.rmtree(old, ignore_errors=True)
        if self.path.exists():
            self.path.rename(old)
        self.store.rename(self.path)
        shutil.rmtree(old, ignore_errors=True)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink()


def _locked(folder: Path) -> int:
    """An open descriptor of ``folder`` that holds its lock until it is closed, or its process ends."""
    descriptor = os.open(folder, os.O_RDONLY)
    if fcntl is not None:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            raise StoreError(f"{folder}: another process is packing this store; wait for it, or end it") from None
        except OSError:
            pass  # a file system without locks
    return descriptor


def _one_array(column: pa.Array | pa.ChunkedArray) -> pa.Array:
    # Above 2 GB of text only the large type holds everything in one array.
    column = column.cast(pa.large_string())
    return column if isinstance(column, pa.Array) else column.combine_chunks()


def _encode(column: pa.Array | pa.ChunkedArray) -> pa.DictionaryArray:
    """Dictionary encoding with int32 codes over the sorted distinct values."""
    encoded = _one_array(column).dictionary_encode()
    order = pc.sort_indices(encoded.dictionary).to_numpy()
    rank = np.empty(len(order), dtype=np.int32)
    rank[order] = np.arange(len(order), dtype=np.int32)
    codes = rank[encoded.indices.to_numpy()] if len(order) else np.zeros(0, np.int32)
    return pa.DictionaryArray.from_arrays(pa.array(codes), encoded.dictionary.take(pa.array(order)).cast(pa.string()))
