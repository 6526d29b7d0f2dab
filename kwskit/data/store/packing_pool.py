"""Runs packing tasks in processes of their own, and ends them all when one of them, or the caller, fails."""

import multiprocessing
import os
import signal
import threading
from collections.abc import Generator, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.synchronize import Event

from kwskit.data.store.packed_shard import PackedShard
from kwskit.data.store.packing_task import PackingTask

# Tasks that wait for each worker; few, because each holds the paths of its segments.
AHEAD = 2


class WorkerDied(RuntimeError):
    """A packing worker ended without a word: killed, or out of memory."""


def run_tasks(tasks: Iterable[tuple[int, PackingTask]], workers: int) -> Generator[tuple[int, PackedShard], None, None]:
    """What the numbered ``tasks`` gave, in the order in which they end.

    Parameters
    ----------
    tasks : number and task; taken as they are needed
    workers : processes; one works in this process

    Raises
    ------
    WorkerDied
        When a process was killed.
    OSError
        What a task raised.
    """
    if workers <= 1:
        for number, task in tasks:
            yield number, task.run()
        return
    # Forking a process whose torch runs threads can hang; a spawned worker starts clean and imports no torch.
    context = multiprocessing.get_context("spawn")
    stop = context.Event()
    with ProcessPoolExecutor(workers, context, _start, (stop,)) as pool:
        running: dict[Future[PackedShard], int] = {}
        try:
            for number, task in tasks:
                running[pool.submit(_run, task)] = number
                if len(running) >= AHEAD * workers:
                    yield from _finished(running)
            while running:
                yield from _finished(running)
        except BrokenProcessPool as error:
            raise WorkerDied("a packing worker died (killed, or out of memory?)") from error
        finally:
            stop.set()
            for future in running:
                future.cancel()


def _finished(running: dict[Future[PackedShard], int]) -> Iterator[tuple[int, PackedShard]]:
    for future in wait(running, return_when=FIRST_COMPLETED).done:
        yield running.pop(future), future.result()


_stop: Event


def _start(stop: Event) -> None:
    """What a worker does first: Ctrl-C is for the parent to answer, and a parent that is gone ends its workers."""
    global _stop
    _stop = stop
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _run(task: PackingTask) -> PackedShard:
    return task.run(_stop.is_set)
