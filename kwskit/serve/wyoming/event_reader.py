"""Events of a connection whose other end may send anything."""

import asyncio
from typing import cast

import anyio
from wyoming.event import Event, async_read_event

from kwskit.serve.refusal import Refusal
from kwskit.serve.wyoming.limits import SatelliteLimits


class EventReader:
    """Reads events as the protocol's own package does, of bounded length and within bounded time.

    That package believes every length that it is told, waits without end for the rest of an event, and takes what is no
    event for the end of the connection. It reads by ``readline`` and ``readexactly``, which are bounded here.

    Parameters
    ----------
    reader : of the connection
    limits : on events
    """

    def __init__(self, reader: asyncio.StreamReader, limits: SatelliteLimits):
        self._reader, self._limits = reader, limits
        self._due, self._ended = 0.0, False

    async def read(self) -> Event | None:
        """The next event; None when the other end has gone, be it in the middle of one.

        Raises
        ------
        Refusal
            For what is no event, one that is too long, or one that does not arrive.
        """
        try:
            event = await async_read_event(cast(asyncio.StreamReader, self))
        except (asyncio.IncompleteReadError, ConnectionError):
            return None
        except TimeoutError as error:
            raise Refusal(408, f"The rest of an event did not come within {self._limits.event_seconds:g} s.") from error
        except (AttributeError, KeyError, TypeError, RecursionError) as error:
            raise _no_event() from error
        if event is None and self._ended:
            return None
        if event is None or not isinstance(event.type, str) or not isinstance(event.data, dict | None):
            raise _no_event()
        event.data = event.data or {}
        return event

    async def readline(self) -> bytes:
        """The first line of an event, which may be waited for; empty at the end."""
        first = await self._reader.read(1)
        self._due = anyio.current_time() + self._limits.event_seconds
        if first in (b"", b"\n"):
            self._ended = not first
            return first
        with anyio.fail_after(self._limits.event_seconds):
            line = first + await self._reader.readline()
        self._ended = not line.endswith(b"\n")
        return line

    async def readexactly(self, count: int) -> bytes:
        """``count`` bytes after that line."""
        if count > self._limits.event_bytes:
            raise Refusal(413, f"An event of {count} bytes is too long: {self._limits.event_bytes} are the most.")
        with anyio.fail_after(max(0.0, self._due - anyio.current_time())):
            return await self._reader.readexactly(count)


def _no_event() -> Refusal:
    return Refusal(400, "This is no event of the Wyoming protocol, which begins with a line of JSON that has a type.")
