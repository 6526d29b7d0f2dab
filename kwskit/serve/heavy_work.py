"""Work that takes long, one piece after another."""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from typing import TypeVar

from kwskit.serve.refusal import Refusal

T = TypeVar("T")
THREADS = 2  # of torch, in a process that others ask for work


class HeavyWork:
    """One thread that all heavy work goes through, and one job at a time, so that a server stays responsive.

    A job hands over its work in small pieces: between those of a recording there is room for those of a microphone.

    Parameters
    ----------
    waiting : jobs that may wait for the one that runs; any more are refused
    """

    def __init__(self, waiting: int):
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="kwskit-serve")
        self._turn = asyncio.Lock()
        self._most, self._jobs = waiting + 1, 0
        torch = sys.modules.get("torch")
        if torch is not None:
            torch.set_num_threads(min(THREADS, torch.get_num_threads()))

    @contextmanager
    def place(self) -> Iterator[None]:
        """Be counted as a job, from its first byte on.

        Raises
        ------
        Refusal
            When too many wait already.
        """
        if self._jobs >= self._most:
            raise Refusal(503, "Too many recordings are waiting. Try again in a minute.")
        self._jobs += 1
        try:
            yield
        finally:
            self._jobs -= 1

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Wait until no other job works, and be the one that does; those that wait come in their order."""
        async with self._turn:
            yield

    async def piece(self, work: Callable[[], T]) -> T:
        """What ``work`` returns, done in the thread."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    def close(self) -> None:
        """End the thread after its piece of work."""
        self._thread.shutdown(wait=False, cancel_futures=True)
