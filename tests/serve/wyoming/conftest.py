"""A wake-word service that is served by a thread of this process, and satellites of the protocol's own package."""

import asyncio
import socket
import threading

import pytest

pytest.importorskip("wyoming", reason="the extra wyoming is not installed")
from wyoming.audio import AudioChunk, AudioStart, AudioStop
from wyoming.client import AsyncTcpClient
from wyoming.info import Describe
from wyoming.server import AsyncServer
from wyoming.wake import Detect

from kwskit.serve.wyoming.limits import SatelliteLimits
from kwskit.serve.wyoming.wake_service import WakeService
from kwskit.spotting.spotter import Spotter

RATE = 16_000
SMALL = SatelliteLimits(connections=2, event_bytes=10_000, event_seconds=0.3, send_seconds=0.5)


@pytest.fixture(scope="session")
def wake_spotter(streaming_sung_model):
    """A spotter of tones, without training, that knows three keywords."""
    spotter = Spotter(streaming_sung_model)
    for text in ("hey nova", "tiger", "jupiter"):
        spotter.enrol(text, threshold=4.4)
    return spotter


@pytest.fixture(scope="session")
def serve_wake_words():
    """``serve_wake_words(service)`` is the port at which it is served from now on."""
    loop, servers = asyncio.new_event_loop(), []
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    def done(work):
        return asyncio.run_coroutine_threadsafe(work, loop).result(10)

    def start(service: WakeService) -> int:
        with socket.create_server(("127.0.0.1", 0)) as probe:
            port = probe.getsockname()[1]
        server = AsyncServer.from_uri(f"tcp://127.0.0.1:{port}")
        done(server.start(service.connection))
        servers.append(server)
        return port

    yield start
    for server in servers:
        done(server.stop())
    done(asyncio.sleep(0.05))  # their connections end
    loop.call_soon_threadsafe(loop.stop)
    thread.join(5)


@pytest.fixture(scope="session")
def wake_port(serve_wake_words, wake_spotter):
    return serve_wake_words(WakeService(wake_spotter))


@pytest.fixture(scope="session")
def strict_service(wake_spotter):
    return WakeService(wake_spotter, SMALL)


@pytest.fixture(scope="session")
def strict_port(serve_wake_words, strict_service):
    return serve_wake_words(strict_service)


class Satellite(AsyncTcpClient):
    """A client of the protocol's package, in the words of these tests."""

    def __init__(self, port):
        super().__init__("127.0.0.1", port, connect_timeout=10, read_timeout=20)

    async def ask(self, event):
        await self.write_event(event.event())
        return await self.read_event()

    async def hear(self, pcm, names=None, size=1024, encode=None, rate=RATE, width=2, channels=1, times=True):
        """Events that answer (samples,) int16, sent as Home Assistant sends them; ``encode`` makes them bytes."""
        encode = encode or (lambda block: block.astype("<i2").tobytes())
        await self.write_event(Detect(names=names).event())
        await self.write_event(AudioStart(rate, width, channels).event())
        for at in range(0, len(pcm), size):
            time = round(1000 * at / len(pcm) * len(pcm) / rate) if times else None
            audio = encode(pcm[at : at + size])
            await self.write_event(AudioChunk(rate, width, channels, audio, time).event())
        await self.write_event(AudioStop().event())
        return await self.until_the_end()

    async def until_the_end(self):
        """Events up to the answer to a ``describe`` that is asked last."""
        await self.write_event(_describe())
        events = []
        while (event := await self.read_event()) is not None and event.type != "info":
            events.append(event)
        return events


def _describe():
    from wyoming.info import Describe

    return Describe().event()


@pytest.fixture(scope="session")
def satellite():
    """``async with satellite(port) as one``."""
    return Satellite


@pytest.fixture(scope="session")
def said(streaming_sung_model):
    """(samples,) int16 with three keywords, and (text, start, stop) of each in seconds."""
    return streaming_sung_model.stream_of("jupiter", "hey nova", "tiger")


@pytest.fixture
def others(strict_port, satellite):
    """After every test the service answers as before, and has place."""
    yield

    async def visit():
        for _ in range(100):  # the connection of the test may be about to end
            async with satellite(strict_port) as one:
                answer = await one.ask(Describe())
            if answer is not None and answer.type == "info":
                return answer
            await asyncio.sleep(0.02)

    assert asyncio.run(visit()).data["wake"]
