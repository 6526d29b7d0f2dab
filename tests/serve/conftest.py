"""A page that is served by a thread of this process, with sung words to listen to and to search."""

import socket
import threading
from pathlib import Path
from urllib.parse import quote

import numpy as np
import pytest
import soundfile

pytest.importorskip("uvicorn", reason="the extra serve is not installed")
import uvicorn
from websockets.sync.client import connect

from kwskit.serve.limits import Limits
from kwskit.serve.page import Page
from kwskit.serve.server import configuration
from kwskit.spotting.spotter import Spotter

RATE = 16_000
SMALL = Limits(
    upload_bytes=400_000,
    upload_seconds=0.5,
    audio_seconds=3,
    most_values=100_000,
    waiting=0,
    microphones=1,
    microphone_seconds=1,
    message_bytes=8_000,
    idle_seconds=0.5,
    keywords=2,
    characters=20,
)
SUNG = ["window", "rocket", "lemon", "rocket", "castle"]  # one every 1.5 s


@pytest.fixture(scope="session")
def recording(sing, tmp_path_factory) -> Path:
    """Words of ``SUNG``, with a little noise between them."""
    rng = np.random.default_rng(3)
    pcm = (0.003 * rng.standard_normal(int(RATE * (1.5 * len(SUNG) + 1)))).astype(np.float32)
    for k, word in enumerate(SUNG):
        wav = sing(word, 1, k)
        at = int(RATE * (0.5 + 1.5 * k))
        pcm[at : at + len(wav)] += wav
    path = tmp_path_factory.mktemp("sung") / "sung words.wav"
    soundfile.write(path, pcm, RATE)
    return path


@pytest.fixture(scope="session")
def spotter(tiny_model) -> Spotter:
    """Of the tests, which enrol with it; a page has one of its own."""
    return Spotter.load(tiny_model)


@pytest.fixture(scope="session")
def index(spotter, recording, tmp_path_factory):
    """The recording, indexed."""
    pytest.importorskip("lancedb", reason="the extra index is not installed")
    from kwskit.index.speech_index import SpeechIndex

    index = SpeechIndex.create(tmp_path_factory.mktemp("index") / "index", spotter.model)
    index.add([recording])
    return index


@pytest.fixture(scope="session")
def serving():
    """``serving(page)`` is the port at which it is served from now on; the kernel buffers little where ``little``."""
    servers = []

    def start(page: Page, little: bool = False) -> int:
        listening = socket.create_server(("127.0.0.1", 0))
        if little:  # of what is sent by connections, which inherit it
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4_096)
        server = uvicorn.Server(configuration(page))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        servers.append((server, thread, listening))
        return listening.getsockname()[1]

    yield start
    for server, _, _ in servers:
        server.should_exit = True
    for _, thread, listening in servers:
        thread.join(5)
        listening.close()


@pytest.fixture(scope="module")
def port(serving, tiny_model, index):
    return serving(Page(Spotter.load(tiny_model), index))


@pytest.fixture(scope="module")
def strict(serving, tiny_model):
    """A server with small limits, and without an index."""
    return serving(Page(Spotter.load(tiny_model), limits=SMALL))


@pytest.fixture(scope="session")
def listen():
    """``listen(port, *texts)`` is a microphone's connection, from the page itself."""

    def connected(port: int, *texts: str):
        query = "&".join(f"keyword={quote(text)}" for text in texts)
        address = f"ws://127.0.0.1:{port}/api/listen?{query}"
        return connect(address, origin=f"http://127.0.0.1:{port}", compression=None, proxy=None)

    return connected
