"""Many small tasks, run by processes of this machine or by a cluster that is there; the results are the same.

A task is a function of a module and one argument; both travel by pickle. It writes what it makes whole or not at all
(:mod:`kwskit.atomic_write`), for it may be run again where its worker was lost.
"""

import _thread
import argparse
import multiprocessing
import os
import signal
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

# Tasks that wait for each worker; few, because each holds what it is made of.
AHEAD = 2
SCHEME = "dask://"


class WorkerDied(RuntimeError):
    """A worker ended without a word: killed, or out of memory."""


class Pool(ABC):
    """Workers that take tasks; the end of its ``with`` block lets them go."""

    @abstractmethod
    def workers(self) -> int:
        """How many there are now, at least 1."""

    @abstractmethod
    def submit(self, work: Callable[[Item], Result], item: Item) -> "Future[Result]":
        """Have a worker compute ``work(item)``."""

    @abstractmethod
    def stop(self) -> None:
        """Have tasks end early: at once where they can be interrupted, or when they ask :func:`stopped`."""


class Engine(ABC):
    """What runs tasks elsewhere: a cluster."""

    @abstractmethod
    def pool(self, reads: Path | None, writes: Path | None) -> AbstractContextManager[Pool]:
        """Its workers, which have to see the file ``reads`` and the folder ``writes``."""

    @abstractmethod
    def close(self) -> None:
        """Part from it."""


_engine: ContextVar[Engine | None] = ContextVar("engine", default=None)
_stopped: Callable[[], bool] | None = None  # a worker has one


def stopped() -> bool:
    """Whether the results of this worker's tasks are not wanted any more: a long task asks now and then."""
    return _stopped is not None and _stopped()


def set_stopped(asked: Callable[[], bool]) -> None:
    """What :func:`stopped` asks in this process; for pools."""
    global _stopped
    _stopped = asked


def executor() -> str | None:
    """Address of the engine that runs tasks now; None is this machine."""
    engine = _engine.get()
    return None if engine is None else str(engine)


def add_executor(parser: argparse.ArgumentParser) -> None:
    """``--executor``, for :func:`tasks_on`."""
    text = "cluster that runs the tasks in the place of this machine's processes: dask://HOST:PORT, a scheduler of dask"
    parser.add_argument("--executor", type=engine_address, metavar="ADDRESS", help=text)


def engine_address(text: str) -> str:
    """The address of an engine, for ``type=`` of an argument."""
    host, _, port = text.removeprefix(SCHEME).rpartition(":")
    if not (text.startswith(SCHEME) and host and port.isdecimal()):
        raise argparse.ArgumentTypeError(f"an address is {SCHEME}HOST:PORT, that of a scheduler of dask, not '{text}'")
    return text


@contextmanager
def tasks_on(address: str | None) -> Iterator[None]:
    """Within the block, the engine of ``address``, ``dask://HOST:PORT``, runs all tasks; None is this machine.

    Raises
    ------
    ImportError
        When dask.distributed is not installed.
    ConnectionError
        When no scheduler answers, or it has no worker.
    """
    if address is None:
        yield
        return
    from kwskit.dask_engine import DaskEngine

    engine = DaskEngine(address)
    before = _engine.set(engine)
    try:
        yield
    finally:
        _engine.reset(before)
        engine.close()


def run_tasks(
    work: Callable[[Item], Result],
    items: Iterable[Item],
    jobs: int,
    reads: Path | None = None,
    writes: Path | None = None,
) -> Generator[Result, None, None]:
    """``work`` of each of ``items``, in their order; a failure is raised after the results before it are given.

    Parameters
    ----------
    work : a function of a module, or a partial of one
    items : taken as they are needed
    jobs : processes of this machine; one works in this process. A cluster (:func:`tasks_on`) has workers of its own
    reads : a file that all tasks read, such as the first of a corpus: how a worker tells that it sees the same disk
    writes : folder that all tasks write below; it exists

    Raises
    ------
    WorkerDied
        When a process was killed, or a cluster has lost several workers over the same task.
    """
    engine = _engine.get()
    if engine is None and jobs <= 1:
        for item in items:
            yield work(item)
        return
    with LocalPool(jobs) if engine is None else engine.pool(reads, writes) as pool:
        yield from _in_order(pool, work, items)


def _in_order(pool: Pool, work: Callable[[Item], Result], items: Iterable[Item]) -> Generator[Result, None, None]:
    left = enumerate(items)
    running: dict[Future[Result], int] = {}
    ended: dict[int, Future[Result]] = {}
    following, failed = 0, False
    try:
        while True:
            room = AHEAD * pool.workers()
            while not failed and len(running) < room and (task := next(left, None)) is not None:
                running[pool.submit(work, task[1])] = task[0]
            if not running:
                return
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                ended[running.pop(future)] = future
                failed = failed or future.cancelled() or future.exception() is not None
            while following in ended:
                yield ended.pop(following).result()
                following += 1
    except BrokenProcessPool as error:
        raise WorkerDied("a worker died (killed, or out of memory?)") from error
    finally:
        pool.stop()
        for future in running:
            future.cancel()


class LocalPool(Pool):
    """Processes of this machine."""

    def __init__(self, jobs: int):
        # Forking a process whose torch runs threads can hang; a spawned worker starts clean and imports no torch.
        context = multiprocessing.get_context("spawn")
        # Workers see the end of a pipe, also those that a killed one would have held the lock of an event against.
        self._jobs, (reader, self._writer) = jobs, context.Pipe(duplex=False)
        self._processes = ProcessPoolExecutor(jobs, context, _start, (reader,))

    def __enter__(self) -> "LocalPool":
        return self

    def __exit__(self, *_: object) -> None:
        self._processes.shutdown(cancel_futures=True)

    def workers(self) -> int:
        """As many as were asked for."""
        return self._jobs

    def submit(self, work: Callable[[Any], Any], item: Any) -> "Future[Any]":
        """Hand a task to the next free process."""
        return self._processes.submit(_run, work, item)

    def stop(self) -> None:
        """Tell all of them."""
        self._writer.close()


_running = False  # a task, in this worker


def _start(reader: Connection) -> None:
    """What a worker does first: Ctrl-C is for the parent to answer, and a parent that is gone ends its workers."""
    ended = threading.Event()
    set_stopped(ended.is_set)
    signal.signal(signal.SIGINT, _interrupt)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    threading.Thread(target=_end_when, args=(reader, ended), daemon=True).start()


def _run(work: Callable[[Item], Result], item: Item) -> Result:
    global _running
    _running = True
    try:
        if stopped():  # between two tasks: nothing would interrupt this one
            raise KeyboardInterrupt
        return work(item)
    finally:
        _running = False


def _interrupt(*_: object) -> None:
    if _running and stopped():
        raise KeyboardInterrupt  # so that a task leaves nothing half-written


def _end_when(reader: Connection, ended: threading.Event) -> None:
    reader.poll(None)
    ended.set()
    _thread.interrupt_main()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
