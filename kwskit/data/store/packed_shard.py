"""What is known of a finished shard: where its segments are, and which were refused."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from kwskit.atomic_write import atomic_write
from kwskit.data.audio import AudioFormat
from kwskit.data.store.shard_writer import open_sink


@dataclass(frozen=True)
class PackedShard:
    """The facts that the index needs of a shard; they outlive an interrupted packing in a file of their own.

    Attributes
    ----------
    sources : digest of the audio files' paths, sizes and times of change
    bytes : size of the shard's file
    lens, offsets : (good,) int64, samples of the good segments, and where they begin in the file, in samples
    good : (rows,) bool
    reasons : why each of the other rows was refused, in order
    formats : number of files of every format
    """

    sources: str
    bytes: int
    lens: np.ndarray
    offsets: np.ndarray
    good: np.ndarray
    reasons: list[str]
    formats: Counter[AudioFormat]

    def save(self, path: Path) -> None:
        """Write the facts to ``path``, whole or not at all."""
        lens, offsets = (np.zeros(len(self.good), dtype=np.int64) for _ in range(2))
        lens[self.good], offsets[self.good] = self.lens, self.offsets
        reasons = np.full(len(self.good), None, dtype=object)
        reasons[~self.good] = self.reasons
        formats = " ".join(f"{kind.rate}/{kind.channels}/{files}" for kind, files in self.formats.items())
        facts = {"sources": self.sources, "bytes": str(self.bytes), "formats": formats}
        columns = {"samples": lens, "offset": offsets, "refused": pa.array(reasons, pa.large_string())}
        batch = pa.record_batch(columns).replace_schema_metadata(facts)
        with (
            atomic_write(path) as partial,
            open_sink(str(partial)) as sink,
            pa.ipc.new_file(sink, batch.schema) as writer,
        ):
            writer.write_batch(batch)

    @staticmethod
    def load(path: Path, shard: Path) -> "PackedShard | None":
        """The facts in ``path``, or None unless they are whole and the file ``shard`` they speak of is there."""
        try:
            reader = pa.ipc.open_file(pa.BufferReader(path.read_bytes()))
            batch, facts = reader.get_batch(0), reader.schema.metadata
            if shard.stat().st_size != int(facts[b"bytes"]):
                return None
        except (OSError, pa.ArrowInvalid):
            return None
        refused = batch["refused"]
        good = refused.is_null().to_numpy(zero_copy_only=False)
        kinds = [tuple(map(int, kind.split("/"))) for kind in facts[b"formats"].decode().split()]
        return PackedShard(
            sources=facts[b"sources"].decode(),
            bytes=int(facts[b"bytes"]),
            lens=batch["samples"].to_numpy()[good],
            offsets=batch["offset"].to_numpy()[good],
            good=good,
            reasons=refused.drop_null().to_pylist(),
            formats=Counter({AudioFormat(rate, channels): files for rate, channels, files in kinds}),
        )
