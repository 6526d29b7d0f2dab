"""Stage 2: pack the segments of a manifest into a store."""

import errno
import logging
import multiprocessing
import os
import shutil
from collections import Counter, deque
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from kwskit.data.audio import AudioError, AudioFormat
from kwskit.data.manifest import read_manifest
from kwskit.data.packing_task import PackedTask, PackingTask
from kwskit.data.progress import Progress
from kwskit.data.store_layout import REJECTED, SAMPLE_RATE
from kwskit.data.store_writer import StoreWriter
from kwskit.records import MANIFEST, write_records

# Seconds of audio in a task, which becomes a record batch: enough tasks for a progress bar, none too big to hold.
SHORTEST_TASK, LONGEST_TASK, TASKS = 60.0, 1800.0, 64
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
    appears. The result does not depend on the number of workers.

    Parameters
    ----------
    manifest : a table from :func:`read_manifest` or :func:`words_from_folder`, or a manifest's path
    store : folder to write; an earlier store there is replaced at the end
    workers : processes that read audio; by default as many as the work is worth, at most all cores
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
    OSError
        When the disk is, or would get, full (``errno.ENOSPC``).
    """
    if on_bad not in ("stop", "skip"):
        raise ValueError(f"on_bad must be 'stop' or 'skip', not {on_bad!r}")
    name = "manifest" if isinstance(manifest, pa.Table) else str(manifest)
    table = manifest if isinstance(manifest, pa.Table) else read_manifest(manifest)
    store = Path(store)
    if len(table) == 0:
        raise AudioError(f"{name}: no segments to pack")
    table = _by_file(table)
    seconds = pc.subtract(table["stop"], table["start"]).to_numpy()
    _check_room(store, float(seconds.sum()))
    good: list[np.ndarray] = []
    reasons: list[str] = []
    formats: Counter[AudioFormat] = Counter()
    bar = Progress(round(float(seconds.sum())), f"pack {store.name}", "s of audio") if progress else None
    with StoreWriter(store) as writer, bar or nullcontext():
        for packed in _run(list(_tasks(table, seconds)), workers or _workers(seconds.sum())):
            writer.add(packed.samples, packed.lens)
            good.append(packed.good)
            reasons += packed.reasons
            formats += packed.formats
            if bar:
                bar.advance(round(float(packed.lens.sum()) / SAMPLE_RATE))
            if on_bad == "stop" and len(reasons) >= MOST_REFUSALS:
                break
        used = sum(int(task.sum()) for task in good)
        if reasons and (on_bad == "stop" or not used):
            raise AudioError(_refusals(name, reasons, sum(map(len, good))))
        mask = pa.array(np.concatenate(good))
        kept = table.filter(mask)
        writer.finish(kept["utt_id"], kept["word"], kept["speaker"], {"rejected": len(reasons), **(facts or {})})
        if reasons:
            rejected = table.filter(pc.invert(mask)).select(list(MANIFEST))
            told = [reason.replace('"', "'").replace("\n", " ").replace("\t", " ") for reason in reasons]
            write_records(writer.partial / REJECTED, "manifest", rejected.append_column("reason", pa.array(told)))
    report = PackingReport(
        used, float(sum(int(lens.sum()) for lens in writer.lens)) / SAMPLE_RATE, len(reasons), dict(formats)
    )
    _tell(name, store, report, reasons, len(table))
    return report


def _by_file(table: pa.Table) -> pa.Table:
    """The records with those of one file side by side, files in the order in which they appear."""
    files = table["path"].combine_chunks().dictionary_encode().indices.to_numpy()
    if (np.diff(files) >= 0).all():
        return table
    return table.take(pa.array(np.argsort(files, kind="stable")))


def _tasks(table: pa.Table, seconds: np.ndarray) -> Iterator[PackingTask]:
    """Cut ``table`` at file boundaries into tasks of about equal duration."""
    size = float(np.clip(seconds.sum() / TASKS, SHORTEST_TASK, LONGEST_TASK))
    files = table["path"].combine_chunks().dictionary_encode().indices.to_numpy()
    firsts = np.flatnonzero(np.diff(files, prepend=-1))
    begins = np.concatenate([[0.0], np.cumsum(seconds)])[firsts]
    cuts = firsts[np.flatnonzero(np.diff(begins // size, prepend=-1))].tolist()
    for first, last in zip(cuts, [*cuts[1:], len(table)], strict=True):
        part = table.slice(first, last - first)
        yield PackingTask(part["path"].to_pylist(), part["start"].to_numpy(), part["stop"].to_numpy())


def _run(tasks: list[PackingTask], workers: int) -> Iterator[PackedTask]:
    """Results in the order of ``tasks``, with never more than a few tasks in memory."""
    workers = min(workers, len(tasks))
    if workers <= 1:
        yield from (task.run() for task in tasks)
        return
    # Forking a process whose torch runs threads can hang; a spawned worker starts clean and imports no torch.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context) as pool:
        waiting: deque[Future[PackedTask]] = deque()
        try:
            for task in tasks:
                waiting.append(pool.submit(task.run))
                if len(waiting) > 2 * workers:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        except BrokenProcessPool as error:
            raise RuntimeError(
                "a packing worker died (killed, or out of memory?); try workers=1, and see that the calling "
                "script runs its work under `if __name__ == '__main__':`"
            ) from error
        finally:
            for future in waiting:
                future.cancel()


def _workers(seconds: float) -> int:
    """Cores that are worth starting: a process takes as long to start as some hour of audio takes to read."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(cores, 1 + int(seconds / SECONDS_PER_WORKER))


def _check_room(store: Path, seconds: float) -> None:
    needed = seconds * SAMPLE_RATE * 2
    place = next(folder for folder in (store.absolute(), *store.absolute().parents) if folder.is_dir())
    free = shutil.disk_usage(place).free
    if needed > free:
        raise OSError(
            errno.ENOSPC, f"{store}: packing needs {needed / 1e9:.2f} GB, the disk has {free / 1e9:.2f} GB left"
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
