"""Tasks on a cluster of dask.distributed, whose workers see the same disk and run the same kwskit."""

import asyncio
import importlib.metadata
import os
import pickle
import secrets
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import CancelledError, Future
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from kwskit import __version__
from kwskit.extras import missing_extra
from kwskit.task_pool import SCHEME, Engine, Pool, WorkerDied, set_stopped

try:
    from distributed import Client, KilledWorker
except ImportError as error:
    raise missing_extra("cluster", f"--executor {SCHEME}… needs dask.distributed", error) from error

PATIENCE = 30.0  # s that a scheduler, and then its first worker, is waited for
# What results depend on beside kwskit, bit by bit: a worker has the same versions of those that are here.
PACKAGES = (
    *("numpy", "soundfile", "onnxruntime", "hibari-tts", "py-nanotts", "espeakng-loader"),
    *("pocketsphinx", "faster-whisper", "ctranslate2"),
)

_alone = threading.Lock()


class DaskEngine(Engine):
    """The workers of a scheduler that is there.

    Parameters
    ----------
    address : of the scheduler, ``dask://HOST:PORT``

    Raises
    ------
    ConnectionError
        When none answers there, or it has no worker.
    """

    def __init__(self, address: str):
        self._address = address
        try:
            self.client = Client(f"tcp://{address.removeprefix(SCHEME)}", timeout=PATIENCE, set_as_default=False)
        except (OSError, ValueError, asyncio.TimeoutError) as error:
            reason = (
                f"{address}: no scheduler of dask answers there: start one (dask scheduler), and its workers (dask "
            )
            raise ConnectionError(f"{reason}worker {address.replace(SCHEME, 'tcp://')} --nthreads 1)") from error
        try:
            self.client.wait_for_workers(1, timeout=PATIENCE)
        except asyncio.TimeoutError as error:
            self.close()
            raise ConnectionError(
                f"{address}: this scheduler has no worker: start some (dask worker "
                f"{address.replace(SCHEME, 'tcp://')} --nthreads 1)"
            ) from error

    def __str__(self) -> str:
        return self._address

    @contextmanager
    def pool(self, reads: Path | None, writes: Path | None) -> Iterator[Pool]:
        """Its workers; a hidden file in ``writes`` shows them the disk, and that their work is wanted."""
        token = None if writes is None else writes.absolute() / f".tasks.{secrets.token_hex(8)}.partial"
        if token is not None:
            token.touch()
        pool = DaskPool(self.client, Errand(versions(), Path.cwd(), _facts(reads), token))
        try:
            yield pool
        except KilledWorker as error:
            raise WorkerDied(f"{self}: one task has ended several workers (killed, or out of memory?)") from error
        except CancelledError as error:
            raise WorkerDied(f"{self}: the scheduler has gone, and its tasks with it") from error
        except ModuleNotFoundError as error:
            raise RuntimeError(f"{self}: a worker lacks what a task needs: {error}: install the same there") from error
        finally:
            pool.stop()

    def close(self) -> None:
        """Part from the scheduler, which goes on."""
        self.client.close()


@dataclass(frozen=True)
class Errand:
    """What a worker has to find before it takes a task.

    Attributes
    ----------
    versions : of kwskit and of packages that it uses
    folder : where paths begin
    reads : a file, its size and its time of change in ns; None where none is read
    token : a file that is there as long as the results are wanted; None where nothing is written
    """

    versions: Mapping[str, str]
    folder: Path
    reads: tuple[Path, int, int] | None
    token: Path | None

    def check(self) -> None:
        """See that this worker computes with the same and is on the same disk.

        Raises
        ------
        RuntimeError
            When it is not; the message says what to do.
        """
        here = versions()
        for name, wanted in self.versions.items():
            if here.get(name) != wanted:
                raise RuntimeError(
                    f"a worker on {_host()} has {name} {here.get(name, 'not at all')}, not {wanted}: install the same"
                )
        unseen = [path for path in (self.folder, self.token) if path is not None and not path.exists()]
        if self.reads is not None and _facts(self.reads[0]) != self.reads:
            unseen.append(self.reads[0])
        if unseen:
            where = unseen[0].parent if unseen[0] == self.token else unseen[0]
            raise RuntimeError(
                f"a worker on {_host()} does not see {where} as it is here: all workers need the same disk, under the "
                "same path"
            )


class DaskPool(Pool):
    """Tasks of one kind, on all workers of a client."""

    def __init__(self, client: Client, errand: Errand):
        self._client, self._errand = client, errand
        self._executor = client.get_executor(pure=False)

    def workers(self) -> int:
        """The workers that are there now: some may have come, or gone."""
        return max(1, len(self._client.nthreads()))

    def submit(self, work: Callable[[Any], Any], item: Any) -> "Future[Any]":
        """Hand a task to the scheduler, which has it run again where its worker is lost."""
        # In bytes, for what they are of can be read by the same version of kwskit only, which is seen to first.
        task: Future[Any] = self._executor.submit(run_errand, self._errand, pickle.dumps((work, item)))
        return task

    def stop(self) -> None:
        """Take the token away."""
        if self._errand.token is not None:
            self._errand.token.unlink(missing_ok=True)


def run_errand(errand: Errand, task: bytes) -> Any:
    """Run a task in a worker, one at a time in its process: engines of speech and folders are those of a process."""
    with _alone:
        errand.check()
        os.chdir(errand.folder)
        token = errand.token
        set_stopped(lambda: token is not None and not token.exists())
        work, item = pickle.loads(task)
        return work(item)


@lru_cache(1)
def versions() -> dict[str, str]:
    """Of kwskit, and of those of ``PACKAGES`` that are installed."""
    found = {"kwskit": __version__}
    for name in PACKAGES:
        with suppress(importlib.metadata.PackageNotFoundError):
            found[name] = importlib.metadata.version(name)
    return found


def _facts(path: Path | None) -> tuple[Path, int, int] | None:
    if path is None or "://" in str(path):
        return None
    try:
        found = path.stat()
    except OSError:
        return None
    return path.absolute(), found.st_size, found.st_mtime_ns


def _host() -> str:
    return os.uname().nodename if hasattr(os, "uname") else "another machine"
