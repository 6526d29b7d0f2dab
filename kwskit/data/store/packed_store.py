"""The packed store: all segments of a split as 16 kHz PCM, memory mapped.

A store is a folder of Arrow IPC files and nothing private to kwskit:

- ``pcm/00000.arrow`` and so on, the shards: one column ``pcm`` (``large_list<int16>``), a segment a row, in record
  batches of some minutes;
- ``index.arrow``: one record batch with, for the same rows in the same order, ``utt_id``, ``word`` and ``speaker``
  (dictionary encoded), ``num_samples``, the place of the samples (``shard``, and ``offset`` from the begin of the
  shard's file, in samples) and ``by_utt_id``, the order that sorts ``utt_id``.

Because the index knows every place, reading maps the shards as plain memory and asks Arrow nothing: what it costs to
open a store or to draw from it does not grow with the number of record batches.
"""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import torch
from torch import Tensor

from kwskit.constants import SAMPLE_RATE
from kwskit.data.records import read_records
from kwskit.data.store.layout import INDEX, PCM, REJECTED, SHARD_BYTES, VERSION, StoreError, shard_name

# One binary search costs as much as hashing about this many utterance ids.
SEARCHES = 100


class PackedStore:
    """Random access to the segments of a split; opening reads the index's header and none of the audio.

    Columns are views of the mapped file, not copies. Made by :meth:`open` from what
    :func:`kwskit.data.store.packing.pack_manifest` wrote.

    Attributes
    ----------
    path : the store's folder
    utt_ids : pyarrow large_string array (n,)
    words, speakers : the vocabulary and the speakers, sorted
    word_ids, speaker_ids : (n,) int32, positions in ``words`` and ``speakers``
    num_samples : (n,) int64
    facts : what packing noted (manifest, rejected segments)
    """

    def __init__(self, path: Path, index: pa.RecordBatch, facts: dict[str, str]):
        self.path, self.facts = path, facts
        self.utt_ids: pa.LargeStringArray = index["utt_id"]
        self.words: list[str] = index["word"].dictionary.to_pylist()
        self.speakers: list[str] = index["speaker"].dictionary.to_pylist()
        self.word_ids: np.ndarray = index["word"].indices.to_numpy()
        self.speaker_ids: np.ndarray = index["speaker"].indices.to_numpy()
        self.num_samples: np.ndarray = index["num_samples"].to_numpy()
        self._shard: np.ndarray = index["shard"].to_numpy()
        self._offset: np.ndarray = index["offset"].to_numpy()
        self._by_utt_id: np.ndarray = index["by_utt_id"].to_numpy()
        self._mapped: dict[int, np.ndarray] = {}

    @classmethod
    def open(cls, path: str | Path) -> "PackedStore":
        """Map the store in the folder ``path``.

        Raises
        ------
        StoreError
            When the folder holds no complete store, or one of another version.
        """
        path = Path(path)
        try:
            index = pa.ipc.open_file(pa.memory_map(str(path / INDEX)))
            facts = {key.decode(): value.decode() for key, value in (index.schema.metadata or {}).items()}
            version = facts.get("version", "none")
            if version != VERSION:
                raise StoreError(
                    f"{path}: packed as version {version} of the store, this kwskit reads version {VERSION}: pack it "
                    "again (kwskit pack)"
                )
            store = cls(path, index.get_batch(0), facts)
        except (OSError, pa.ArrowInvalid) as error:
            raise StoreError(f"{path}: no packed store there (pack the manifest first): {error}") from error
        store._check_shards()
        return store

    def _check_shards(self) -> None:
        wrong = []
        sizes = self.facts[SHARD_BYTES].split()
        for shard, size in enumerate(map(int, sizes)):
            path = self.path / PCM / shard_name(shard)
            try:
                found = path.stat().st_size
            except OSError as error:
                wrong.append(f"{path.name} cannot be opened ({error.strerror})")
                continue
            if found != size:
                wrong.append(f"{path.name} has {found:,} of {size:,} bytes")
        if wrong:
            raise StoreError(
                f"{self.path / PCM}: {len(wrong)} of {len(sizes)} shards are not as they were packed: "
                f"{'; '.join(wrong[:3])}{'; …' if len(wrong) > 3 else ''}. Copy them again, or remove the folder "
                "and pack again"
            )

    def __len__(self) -> int:
        return len(self.num_samples)

    def __reduce__(self):
        return PackedStore.open, (self.path,)

    @cached_property
    def rejected(self) -> frozenset[str]:
        """Ids of the segments that packing left out."""
        listed = self.path / REJECTED
        if not listed.is_file():
            return frozenset()
        return frozenset(read_records(listed, "manifest")[0]["utt_id"].to_pylist())

    @cached_property
    def seconds(self) -> float:
        """Duration of all segments together, in seconds."""
        return float(self.num_samples.sum()) / SAMPLE_RATE

    def read(self, row: int) -> np.ndarray:
        """(samples,) int16, a read-only view of segment ``row``.

        Raises
        ------
        IndexError
            When there is no such row.
        """
        if not -len(self) <= row < len(self):
            raise IndexError(f"{self.path}: row {row} of a store of {len(self)} segments")
        offset = self._offset[row]
        return self._samples(int(self._shard[row]))[offset : offset + self.num_samples[row]]

    def lengths(self, rows: np.ndarray, max_samples: int | None = None) -> np.ndarray:
        """(N,) int64 samples of the segments ``rows`` (N,), at most ``max_samples``.

        Raises
        ------
        IndexError
            When a row does not exist.
        """
        lens = self.num_samples[rows]
        return lens if max_samples is None else np.minimum(lens, max_samples)

    def gather(self, rows: Sequence[int] | np.ndarray, max_samples: int | None = None) -> tuple[Tensor, Tensor]:
        """Segments side by side: (N, longest) int16, zero padded, and their lengths (N,) int64.

        Parameters
        ----------
        rows : N rows of the store
        max_samples : longer segments lose their end

        Raises
        ------
        IndexError
            When a row does not exist.
        """
        rows = np.asarray(rows, dtype=np.int64)
        lens = self.lengths(rows, max_samples)
        pcm = np.zeros((len(rows), int(lens.max(initial=0))), dtype=np.int16)
        places = zip(self._shard[rows].tolist(), self._offset[rows].tolist(), lens.tolist(), strict=True)
        for target, (shard, offset, size) in zip(pcm, places, strict=True):
            target[:size] = self._samples(shard)[offset : offset + size]
        return torch.from_numpy(pcm), torch.from_numpy(lens)

    def speech(self, rows: np.ndarray, max_samples: int | None = None) -> dict[str, Any]:
        """``wav`` (int16, which travels in half the time) and ``wav_lens`` of a :class:`~kwskit.batch.Batch`."""
        pcm, lens = self.gather(rows, max_samples)
        return {"wav": pcm, "wav_lens": lens}

    def stretches(self) -> Iterator[np.ndarray]:
        """All samples in the order of the rows: (samples,) int16 views of many segments that lie end to end."""
        ends = self._offset + self.num_samples
        new = (np.diff(self._shard) != 0) | (self._offset[1:] != ends[:-1])
        firsts = np.flatnonzero(np.concatenate([[len(self) > 0], new]))
        lasts = np.append(firsts[1:], len(self)) - 1
        for first, last in zip(firsts.tolist(), lasts.tolist(), strict=True):
            yield self._samples(int(self._shard[first]))[self._offset[first] : ends[last]]

    def index_of(self, utt_id: str) -> int:
        """Row of ``utt_id``, by binary search.

        Raises
        ------
        KeyError
            When the store has no such utterance.
        """
        rank = bisect_left(self._by_utt_id, utt_id, key=lambda row: self.utt_ids[int(row)].as_py())
        if rank < len(self):
            row = int(self._by_utt_id[rank])
            if self.utt_ids[row].as_py() == utt_id:
                return row
        raise KeyError(f"{self.path}: no utterance {utt_id!r}")

    def indices_of(self, utt_ids: Sequence[str] | pa.Array | pa.ChunkedArray) -> np.ndarray:
        """Rows (N,) int64 of many utterances at once.

        Raises
        ------
        KeyError
            When the store lacks any of them; names the first.
        """
        if not isinstance(utt_ids, pa.Array | pa.ChunkedArray):
            utt_ids = pa.array(utt_ids, pa.large_string())
        utt_ids = utt_ids.cast(pa.large_string())
        if len(utt_ids) * SEARCHES < len(self):
            return np.array([self.index_of(utt_id) for utt_id in utt_ids.to_pylist()], dtype=np.int64)
        rows = pc.index_in(utt_ids, value_set=self.utt_ids)
        if rows.null_count:
            first = utt_ids.filter(pc.is_null(rows))[0]
            raise KeyError(f"{self.path}: no utterance '{first}' ({rows.null_count} of {len(rows)} are missing)")
        return np.asarray(rows, dtype=np.int64)

    def _samples(self, shard: int) -> np.ndarray:
        """(samples,) int16: the whole file of a shard, of which only the parts that offsets name are samples."""
        mapped = self._mapped.get(shard)
        if mapped is None:
            path = self.path / PCM / shard_name(shard)
            try:
                whole = pa.memory_map(str(path)).read_buffer()
            except OSError as error:
                raise StoreError(f"{path}: cannot be mapped: {error}") from error
            mapped = np.frombuffer(whole, np.int16, len(whole) // 2)
            self._mapped[shard] = mapped
        return mapped
