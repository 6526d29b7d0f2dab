"""Stage 2: pack the segments of a manifest into a store."""

import errno
import logging
import os
import shutil
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import closing, nullcontext
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from kwskit.constants import SAMPLE_RATE
from kwskit.data.address import located
from kwskit.data.audio import AudioError, AudioFormat
from kwskit.data.manifest import read_manifest
from kwskit.data.progress import Progress
from kwskit.data.records import MANIFEST, write_records
from kwskit.data.store.layout import REJECTED
from kwskit.data.store.packed_shard import PackedShard
from kwskit.data.store.packing_task import PackingTask
from kwskit.data.store.shard_plan import by_file, packing_digest, shard_cuts
from kwskit.data.store.shard_writer import SAMPLE_BYTES
from kwskit.data.store.writer import StoreWriter
from kwskit.task_pool import WorkerDied, run_tasks

# Seconds of audio in a record batch.
BATCH = 300.0
# Packing that stops at bad segments looks for more of them up to this number.
MOST_REFUSALS = 1000
EXAMPLES = 5
SECONDS_PER_WORKER = 3600.0

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class PackingReport:
    """What :func:`pack_manifest` did.

    Attributes
    ----------
    segments, seconds : packed
    rejected : number of segments left out
    formats : number of audio files of each format
    """

    segments: int
    seconds: float
    rejected: int
    formats: dict[AudioFormat, int]


def pack_manifest(
    manifest: pa.Table | str | Path,
    store: str | Path,
    workers: int | None = None,
    on_bad: str = "stop",
    facts: Mapping[str, object] | None = None,
    progress: bool = True,
) -> PackingReport:
    """Read every segment of ``manifest`` and write the store, whole or not at all.

    The store's rows follow the manifest, except that segments of one file stand together where the file first
    appears. The result depends neither on the number of workers nor on interruptions: the shards that a packing has
    finished stay in the hidden folder ``.<store>.partial``, and a packing of the same records goes on with them
    (those whose audio files have changed are read again).

    Parameters
    ----------
    manifest : a table from :func:`read_manifest` or :func:`words_from_folder`, or a manifest's path
    store : folder to write; an earlier store there is replaced at the end
    workers : processes of this machine that read audio; by default as many as the work is worth, at most all cores
    on_bad :
        ``stop`` at segments that cannot be used, or ``skip`` them: they are counted, reported and listed with
        their reasons in ``rejected.tsv`` of the store
    facts : notes to keep in the store
    progress : show progress

    Raises
    ------
    AudioError
        With ``on_bad="stop"``: bad segments, with their number and the first few; always: no good segment at all.
    RecordError
        When the manifest is wrong.
    StoreError
        When the folder holds something else, or another process is packing this store.
    WorkerDied
        When a worker was killed.
    OSError
        When the disk is, or would get, full (``errno.ENOSPC``), or the folder cannot be written.
    """
    if on_bad not in ("stop", "skip"):
        raise ValueError(f"on_bad must be 'stop' or 'skip', not {on_bad!r}")
    name = "manifest" if isinstance(manifest, pa.Table) else str(manifest)
    table = manifest if isinstance(manifest, pa.Table) else read_manifest(manifest)
    store = Path(store)
    if len(table) == 0:
        raise AudioError(f"{name}: no segments to pack")
    table = by_file(table)
    seconds = pc.subtract(table["stop"], table["start"]).to_numpy()
    cuts = shard_cuts(table, seconds)
    writer = StoreWriter(store, packing_digest(table, cuts, BATCH))
    _check_room(store, float(seconds.sum()), writer)
    bar = Progress(round(float(seconds.sum())), f"pack {store.name}", "s of audio") if progress else None
    try:
        with writer, bar or nullcontext():
            shards = _shards(table, cuts, writer, workers or _workers(float(seconds.sum())), on_bad, bar)
            reasons = [reason for number in sorted(shards) for reason in shards[number].reasons]
            used = sum(len(shard.lens) for shard in shards.values())
            if reasons and (on_bad == "stop" or not used):
                raise AudioError(_refusals(name, reasons, used + len(reasons)))
            _finish(writer, table, [shards[number] for number in range(len(cuts) - 1)], facts or {})
    except OSError as error:
        raise OSError(error.errno, f"{_trouble(error, store)}; {_rest(writer, len(cuts) - 1)}") from error
    except WorkerDied as error:
        raise WorkerDied(
            f"{store}: {error}; {_rest(writer, len(cuts) - 1)}. Try fewer --jobs where memory is short; a script that "
            "calls this must run its work under `if __name__ == '__main__':`"
        ) from error
    except KeyboardInterrupt:
        logger.warning("%s: interrupted; %s", store, _rest(writer, len(cuts) - 1))
        raise
    formats = sum((shard.formats for shard in shards.values()), Counter[AudioFormat]())
    samples = sum(int(shard.lens.sum()) for shard in shards.values())
    report = PackingReport(used, samples / SAMPLE_RATE, len(reasons), dict(formats))
    _tell(name, store, report, reasons, len(table))
    return report


def _shards(
    table: pa.Table, cuts: list[int], writer: StoreWriter, workers: int, on_bad: str, bar: Progress | None
) -> dict[int, PackedShard]:
    """All shards by number, or with ``on_bad="stop"`` those up to the last refusal that is wanted."""
    shards: dict[int, PackedShard] = {}
    refused = 0
    kept = writer.kept()[0]
    if kept and bar:
        print(f"pack {writer.path.name}: going on with {kept} of {len(cuts) - 1} shards", file=sys.stderr, flush=True)
    tasks = _tasks(table, cuts, writer)
    some_audio, notes = located(table["path"][0].as_py()), writer.shard(0)[1].parent
    with closing(run_tasks(PackingTask.run, tasks, min(workers, len(cuts) - 1), some_audio, notes)) as found:
        for number, shard in enumerate(found):
            shards[number] = shard
            refused += len(shard.reasons)
            if bar:
                bar.advance(round(float(shard.lens.sum()) / SAMPLE_RATE))
            if on_bad == "stop" and refused >= MOST_REFUSALS:
                break
    return shards


def _tasks(table: pa.Table, cuts: list[int], writer: StoreWriter) -> Iterator[PackingTask]:
    for number, (first, last) in enumerate(pairwise(cuts)):
        part = table.slice(first, last - first)
        paths, starts, stops = part["path"].to_pylist(), part["start"].to_numpy(), part["stop"].to_numpy()
        yield PackingTask(*writer.shard(number), paths, starts, stops, BATCH)


def _finish(writer: StoreWriter, table: pa.Table, shards: list[PackedShard], facts: Mapping[str, object]) -> None:
    """Write the index and the list of refused segments."""
    mask = pa.array(np.concatenate([shard.good for shard in shards]))
    reasons = [reason for shard in shards for reason in shard.reasons]
    kept = table.filter(mask)
    writer.take(shards)
    writer.finish(kept["utt_id"], kept["word"], kept["speaker"], {"rejected": len(reasons), **facts})
    if reasons:
        rejected = table.filter(pc.invert(mask)).select(list(MANIFEST)).cast(pa.schema(MANIFEST))
        one_line = [reason.replace('"', "'").replace("\n", " ").replace("\t", " ") for reason in reasons]
        write_records(writer.store / REJECTED, "manifest", rejected.append_column("reason", pa.array(one_line)))


def _workers(seconds: float) -> int:
    """Cores that are worth starting: a process takes as long to start as some hour of audio takes to read."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(cores, 1 + int(seconds / SECONDS_PER_WORKER))


def _check_room(store: Path, seconds: float, writer: StoreWriter) -> None:
    needed = seconds * SAMPLE_RATE * SAMPLE_BYTES - writer.kept()[1]
    place = next(folder for folder in (store.absolute(), *store.absolute().parents) if folder.is_dir())
    free = shutil.disk_usage(place).free
    if needed > free:
        raise OSError(
            errno.ENOSPC, f"{store}: packing needs {needed / 1e9:.2f} GB, the disk has {free / 1e9:.2f} GB left"
        )


def _trouble(error: OSError, store: Path) -> str:
    if error.errno == errno.ENOSPC:
        return f"{store}: the disk is full"
    return f"{store}: cannot be written: {error.strerror or error}"


def _rest(writer: StoreWriter, total: int) -> str:
    """What an interrupted packing leaves, and how to go on."""
    kept, size = writer.kept()
    if not kept:
        return "nothing was kept"
    return (
        f"{kept} of {total} shards ({size / 1e9:.2f} GB) are finished and kept in {writer.partial}; "
        "the same command goes on from there"
    )


def _refusals(name: str, reasons: list[str], seen: int) -> str:
    more = "; …" if len(reasons) > EXAMPLES else ""
    return f"{name}: {len(reasons):,} of {seen:,} segments cannot be used: " + "; ".join(reasons[:EXAMPLES]) + more


def _tell(name: str, store: Path, report: PackingReport, reasons: list[str], total: int) -> None:
    for audio_format, files in sorted(report.formats.items(), key=lambda item: -item[1]):
        if audio_format.conversion():
            logger.warning("%s: %s files were %s", name, f"{files:,}", audio_format.conversion())
    if reasons:
        logger.warning("%s; left out, see %s", _refusals(name, reasons, total), store / REJECTED)
    logger.info("%s: packed %s segments, %.1f h", store, f"{report.segments:,}", report.seconds / 3600)
