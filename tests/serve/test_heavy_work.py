"""Work that is done one by one."""

import asyncio
import threading

import pytest

from kwskit.serve.heavy_work import HeavyWork
from kwskit.serve.refusal import Refusal


def test_jobs_are_done_one_by_one_and_a_queue_has_an_end():
    async def visit():
        work, order = HeavyWork(waiting=1), []

        async def job(name):
            with work.place():
                async with work.turn():
                    order.append(await work.piece(lambda: (name, threading.current_thread().name)))
                    order.append(await work.piece(lambda: (name, "again")))

        first, second = asyncio.create_task(job("first")), asyncio.create_task(job("second"))
        await asyncio.sleep(0)
        with pytest.raises(Refusal, match="waiting"):
            await job("third")
        await first
        await second
        await job("fourth")
        work.close()
        return order

    order = asyncio.run(visit())
    assert [name for name, _ in order] == ["first"] * 2 + ["second"] * 2 + ["fourth"] * 2
    assert order[0][1].startswith("kwskit-serve")
