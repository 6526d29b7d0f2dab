"""Connections of visitors who stop in the middle: they are waited for, but not for ever."""

import asyncio
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

LOOKS = 4  # at a connection, while it is waited for


class Patience(asyncio.Protocol):
    """Gives up a connection on which nothing moves for ``seconds``; in front of one of uvicorn's protocols.

    Those wait without end for the rest of a request's head, and for the other end to take what it is told, even after
    they have closed. Each such connection is one of those that the server may have open.
    """

    seconds = 20.0
    transport: asyncio.Transport
    connections: set[Any]

    def connection_made(self, transport: Any) -> None:
        """Begin to look at it."""
        super().connection_made(transport)
        self._loop = asyncio.get_running_loop()
        self._taken, self._moved = True, self._loop.time()
        self._later = self._loop.call_later(self.seconds / LOOKS, self._look)

    def connection_lost(self, exc: Exception | None) -> None:
        """Look no more."""
        self._later.cancel()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """What was told waits to be taken."""
        self._taken = False
        super().pause_writing()

    def resume_writing(self) -> None:
        """Most of it was taken."""
        self._taken = True
        super().resume_writing()

    def moves(self) -> bool:
        """Whether the other end has done its part."""
        raise NotImplementedError(f"{type(self).__name__} must define moves()")

    def _look(self) -> None:
        if self not in self.connections:  # a websocket by now, which has a protocol of its own
            return
        if self._taken and self.moves():
            self._moved = self._loop.time()
        elif self._loop.time() - self._moved >= self.seconds:
            self.transport.abort()
            return
        self._later = self._loop.call_later(self.seconds / LOOKS, self._look)


class PatientHttp(Patience, H11Protocol):
    """HTTP: moves while there are new requests, or one is answered; what a body may take, the page says itself."""

    _last: object = None

    def moves(self) -> bool:
        """Whether there is a new request, or one that is being answered."""
        new, self._last = self.cycle is not self._last, self.cycle
        return new or (self.cycle is not None and not self.cycle.response_complete)


class PatientWebSocket(Patience, WebSocketsSansIOProtocol):
    """A websocket: moves until it is closed, since it has pings."""

    def moves(self) -> bool:
        """Whether it is open."""
        return not self.transport.is_closing()


def patient(seconds: float) -> dict[str, Any]:
    """What uvicorn's configuration takes for connections on which nothing may stand still for longer."""
    return {
        "http": type("Http", (PatientHttp,), {"seconds": seconds}),
        "ws": type("WebSocket", (PatientWebSocket,), {"seconds": seconds}),
    }
