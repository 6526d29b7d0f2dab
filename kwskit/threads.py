"""How many threads torch computes with on a CPU, beside what else the machine does."""

import os
import time
from collections.abc import Callable, Set
from functools import cache
from pathlib import Path

import torch

STAT = Path("/proc/stat")
INTERVAL = 2.0  # seconds between two looks


class ThreadsByLoad:
    """As many threads as there are cores that other processes leave free (ours); one at least, torch's number at most.

    Every operation of torch ends when its slowest thread does, and the others spin until then. A thread that shares its
    core with another process is late at each of them: two threads beside one busy process took up to ten times as long.
    One thread less waits for nobody. ``tools/bench/busy.py`` measures it.

    Sums are rounded in another order with another number of threads, so that whoever repeats a training bit by bit sets
    ``OMP_NUM_THREADS``: then that many threads compute, whatever the load. So they do where there is no ``/proc/stat``.

    Parameters
    ----------
    used : seconds since some moment that the cores at hand have worked, for anybody
    own : seconds that they have worked for this process
    clock : seconds since some moment
    """

    def __init__(
        self,
        used: Callable[[], float] | None = None,
        own: Callable[[], float] = time.process_time,
        clock: Callable[[], float] = time.monotonic,
    ):
        self._most = torch.get_num_threads()
        self._fixed = self._most == 1 or "OMP_NUM_THREADS" in os.environ or (used is None and not STAT.exists())
        self._used, self._own, self._clock = used or _used, own, clock
        if not self._fixed:
            self._last = self._look()

    def adapt(self) -> None:
        """Set the calling thread's number of threads by the load since the last look, two seconds ago or more."""
        if self._fixed or self._clock() - self._last[0] < INTERVAL:
            return
        look = self._look()
        seconds, used, own = (now - before for now, before in zip(look, self._last, strict=True))
        self._last = look
        others = max(used - own, 0.0) / seconds
        torch.set_num_threads(min(max(round(len(_cores()) - others), 1), self._most))

    def _look(self) -> tuple[float, float, float]:
        return self._clock(), self._used(), self._own()


@cache
def threads_by_load() -> ThreadsByLoad:
    """That of this process, whose most threads are those of the first call."""
    return ThreadsByLoad()


def core_seconds(stat: str, cores: Set[int], ticks: int) -> float:
    """Seconds that ``cores`` have worked by ``stat``, the text of ``/proc/stat``, which counts ``ticks`` a second."""
    worked = 0
    for line in stat.splitlines():
        name, *counts = line.split()
        if name.startswith("cpu") and name[3:].isdigit() and int(name[3:]) in cores:
            user, nice, system, _, _, interrupts, soft, stolen = map(int, counts[:8])
            worked += user + nice + system + interrupts + soft + stolen
    return worked / ticks


def _used() -> float:
    return core_seconds(STAT.read_text(), _cores(), os.sysconf("SC_CLK_TCK"))


def _cores() -> Set[int]:
    return os.sched_getaffinity(0)
