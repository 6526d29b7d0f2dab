"""A satellite, or Home Assistant in its place, that asks for wake words."""

import asyncio
import logging
import socket
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import anyio
from wyoming.audio import AudioChunk, AudioStart, AudioStop
from wyoming.error import Error
from wyoming.event import Event
from wyoming.info import Describe
from wyoming.ping import Ping, Pong
from wyoming.server import AsyncEventHandler
from wyoming.wake import Detect, Detection, NotDetected

from kwskit.serve.refusal import Refusal
from kwskit.serve.wyoming.audio_stream import AudioStream, given_time
from kwskit.serve.wyoming.event_reader import EventReader
from kwskit.serve.wyoming.pcm_format import PcmFormat
from kwskit.spotting.keyword import Keyword

if TYPE_CHECKING:
    from kwskit.serve.wyoming.wake_service import WakeService

logger = logging.getLogger(__name__)
PARTING_SECONDS = 5


class SatelliteConnection(AsyncEventHandler):
    """Answers the events of one connection, one after the other, with a stream of its own.

    ``detect`` chooses keywords by their names, however they are spelt; until then, and without names, all are listened
    for. It begins a new stream, and so does ``audio-start``. A ``detection`` has the time of the chunk in which the
    keyword ended. What the protocol has no answer to is passed over.

    Parameters
    ----------
    service : what all connections share
    reader, writer : of the connection
    """

    def __init__(self, service: "WakeService", reader: asyncio.StreamReader, writer: asyncio.StreamWriter):
        super().__init__(reader, writer)
        self._service = service
        self._events = EventReader(reader, service.limits)
        self._keywords: Sequence[Keyword] = service.keywords()
        self._stream: AudioStream | None = None
        _keep_alive(writer)

    async def run(self) -> None:
        """Answer until the other end goes, or must be sent away; whatever it does, other connections go on."""
        peers = self._service.peers
        if peers is not None and not peers.let_in(self.writer.get_extra_info("peername")):
            self.writer.transport.abort()
            return
        try:
            with self._service.place():
                while (event := await self._events.read()) is not None:
                    await self.handle_event(event)
        except Refusal as refusal:
            await self._send_away(refusal)
        except (OSError, TimeoutError):  # gone, or it does not take what it is told
            self.writer.transport.abort()
        except Exception:
            logger.exception("%s: something went wrong", self._peer())
            await self._send_away(Refusal(500, "Something went wrong; the service's log says what."))
        finally:
            await self._close()

    async def handle_event(self, event: Event) -> bool:
        """Answer one event; True, for the connection stays open.

        Raises
        ------
        Refusal
            When it is none that the protocol knows.
        """
        if Describe.is_type(event.type):
            await self.write_event(self._service.info)
        elif Ping.is_type(event.type):
            await self.write_event(Pong(_text(event.data.get("text"))).event())
        elif Detect.is_type(event.type):
            await self._choose(event.data.get("names"))
        elif AudioStart.is_type(event.type):
            PcmFormat.of(event.data)
            self._stream = await self._begun(given_time(event.data) or 0)
        elif AudioChunk.is_type(event.type):
            await self._hear(event.data, event.payload or b"")
        elif AudioStop.is_type(event.type):
            await self._end()
        return True

    async def write_event(self, event: Event) -> None:
        """Tell the other end; raises TimeoutError when it does not take it."""
        with anyio.fail_after(self._service.limits.send_seconds):
            await super().write_event(event)

    async def _choose(self, names: Any) -> None:
        if not isinstance(names or [], list) or not all(isinstance(name, str) for name in names or []):
            raise Refusal(400, "names of wake words to detect are a list of texts.")
        self._stream = None
        self._keywords, unknown = self._service.chosen(names)
        if unknown:
            there = ", ".join(one.name for one in self._service.keywords())
            text = f"There is no wake word {', '.join(map(repr, unknown))[:200]} here; there are: {there}."
            logger.warning("%s: %s", self._peer(), text)
            await self.write_event(Error(text, "404").event())

    async def _begun(self, begin: int) -> AudioStream:
        keywords = self._keywords
        stream = await self._service.work.piece(lambda: self._service.spotter.listen_for(keywords))
        return AudioStream(stream, begin)

    async def _hear(self, data: dict[str, Any], audio: bytes) -> None:
        if self._stream is None:  # a satellite may leave out audio-start
            self._stream = await self._begun(given_time(data) or 0)
        for piece in self._stream.chunk(data, audio):
            await self._tell(await self._service.work.piece(piece))

    async def _end(self) -> None:
        stream, self._stream = self._stream, None
        if stream is not None:
            await self._tell(await self._service.work.piece(stream.finish))
        if stream is None or not stream.detected:
            await self.write_event(NotDetected().event())

    async def _tell(self, detections: Sequence[Detection]) -> None:
        for detection in detections:
            logger.info("%s: %s", self._peer(), detection.name)
            await self.write_event(detection.event())

    async def _send_away(self, refusal: Refusal) -> None:
        logger.warning("%s: %s", self._peer(), refusal)
        try:
            await self.write_event(Error(str(refusal), str(refusal.status)).event())
        except (OSError, TimeoutError):
            self.writer.transport.abort()

    async def _close(self) -> None:
        """Let the other end take what it was told last; one that does not would keep its socket open for ever."""
        self.writer.close()
        with suppress(OSError), anyio.move_on_after(min(PARTING_SECONDS, self._service.limits.send_seconds)):
            await self.writer.wait_closed()
        self.writer.transport.abort()

    def _peer(self) -> str:
        peer = self.writer.get_extra_info("peername")
        return f"{peer[0]}:{peer[1]}" if isinstance(peer, tuple) else "a satellite"


def _text(sent: Any) -> str | None:
    """Of a ping, which is sent back; JSON can have half a character, and what is no text."""
    return sent.encode("utf-8", "replace").decode() if isinstance(sent, str) else None


def _keep_alive(writer: asyncio.StreamWriter) -> None:
    """Notice satellites whose power is cut: they would be waited for, as they may be silent for hours."""
    connected = writer.get_extra_info("socket")
    if connected is None or connected.family == getattr(socket, "AF_UNIX", None):
        return
    with suppress(OSError):
        connected.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for name, seconds in (("TCP_KEEPIDLE", 60), ("TCP_KEEPINTVL", 20), ("TCP_KEEPCNT", 3)):
            if hasattr(socket, name):
                connected.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), seconds)
