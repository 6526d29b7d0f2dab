"""Work that takes long, one piece after another."""

import asyncio
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import TypeVar

from kwskit.serve.refusal import Refusal

T = TypeVar("T")


class HeavyWork:
    """One thread that all heavy work goes through, and one job at a time, so that a page stays responsive.

    A job hands over its work in small pieces: between those of a recording there is room for those of a microphone.

    Parameters
    ----------
    waiting : jobs that may wait for the one that runs; any more are refused
    """

    def __init__(self, waiting: int):
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="kwskit-serve")
        self._turn = asyncio.Lock()
        self._most, self._jobs = waiting + 1, 0

    @asynccontextmanager
    async def job(self) -> AsyncIterator[None]:
        """Wait for one's turn, and have it.

        Raises
        ------
        Refusal
            When too many wait already.
        """
        if self._jobs >= self._most:
            raise Refusal(503, "Too many recordings are waiting. Try again in a minute.")
        self._jobs += 1
        try:
            async with self._turn:
                yield
        finally:
            self._jobs -= 1

    async def piece(self, work: Callable[[], T]) -> T:
        """What ``work`` returns, done in the thread."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    def close(self) -> None:
        """End the thread after its piece of work."""
        self._thread.shutdown(wait=False, cancel_futures=True)
