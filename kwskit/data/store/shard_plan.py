"""Which segments of a manifest go into which shard of a store."""

import hashlib

import numpy as np
import pyarrow as pa

from kwskit.constants import SAMPLE_RATE
from kwskit.data.records import MANIFEST
from kwskit.data.store.layout import VERSION

# Shards of a store: few enough for any corpus to be open at once, none so short that files would be the work.
SHARDS = 512
SHORTEST_SHARD = 300.0


def by_file(table: pa.Table) -> pa.Table:
    """The records of a manifest, with those of one file side by side, files in the order in which they appear."""
    table = _with_large_texts(table)
    files = _files(table)
    if (np.diff(files) >= 0).all():
        return table
    return table.take(pa.array(np.argsort(files, kind="stable"))).combine_chunks()


def shard_cuts(table: pa.Table, seconds: np.ndarray) -> list[int]:
    """Rows at which shards of about equal duration begin, each at the begin of a file, and the number of rows."""
    size = max(float(seconds.sum()) / SHARDS, SHORTEST_SHARD)
    firsts = np.flatnonzero(np.diff(_files(table), prepend=-1))
    begins = np.concatenate([[0.0], np.cumsum(seconds)])[firsts]
    return [*firsts[np.flatnonzero(np.diff(begins // size, prepend=-1))].tolist(), len(table)]


def packing_digest(table: pa.Table, cuts: list[int], batch: float) -> str:
    """Digest of the records and of all else that shards with ``batch`` seconds a record batch depend on."""
    digest = hashlib.sha256(f"{VERSION} {SAMPLE_RATE} {batch} {cuts}".encode())
    for records in table.select(list(MANIFEST)).to_batches(max_chunksize=65_536):
        digest.update(records.serialize())
    return digest.hexdigest()[:16]


def _with_large_texts(table: pa.Table) -> pa.Table:
    """``table`` with texts of a type that takes any number of them in one array."""
    kinds = [pa.field(f.name, pa.large_string() if f.type == pa.string() else f.type) for f in table.schema]
    return table.cast(pa.schema(kinds)).combine_chunks()


def _files(table: pa.Table) -> np.ndarray:
    """(n,) the number of each record's file, in the order in which the files first appear."""
    return table["path"].combine_chunks().dictionary_encode().indices.to_numpy()
