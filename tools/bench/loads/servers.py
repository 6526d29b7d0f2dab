"""The two servers, each a process of its own, and the clients that use them as they should."""

import asyncio
import http.client
import io
import json
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import soundfile
from satellites import satellite
from speech_like import RATE, speech_like

WORDS = ("hey nova", "computer")
MICROPHONES = 2  # that the page listens to at once
MESSAGE = 1_600  # samples of a microphone's
Answers = tuple[list[float], Any]  # delays in s, and what was answered


@dataclass
class Server:
    """A server that runs.

    Attributes
    ----------
    name : for the table
    pid : of its process
    connect : opens a connection to it
    clients : what its clients hear when all of them are there at once
    alive : whether it runs
    """

    name: str
    pid: int
    connect: Callable[[], socket.socket]
    clients: Callable[[], list[Answers]]
    alive: Callable[[], bool]
    host: str = ""


@contextmanager
def wyoming(model: str, count: int, seconds: float, log: Path) -> Iterator[Server]:
    """``kwskit wyoming``, with thresholds so low that what is not speech is detected, too; ``count`` satellites."""
    words = [part for text in WORDS for part in ("--keyword", text)]
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/socket"
        command = ["wyoming", "--model", model, *words, "--threshold", "1", "--uri", f"unix://{path}"]

        def connect() -> socket.socket:
            connected = socket.socket(socket.AF_UNIX)
            connected.settimeout(60)
            connected.connect(path)
            return connected

        async def heard(seed: int) -> Answers:
            while True:
                try:
                    return await satellite(f"unix://{path}", seed, seconds, True)
                except OSError:  # turned away while the places of others are being cleared: satellites come back
                    if process.poll() is not None:
                        raise
                    await asyncio.sleep(0.2)

        async def all_of_them() -> list[Answers]:
            return list(await asyncio.gather(*map(heard, range(count))))

        with _running(command, log) as (process, _):
            yield Server(
                "wyoming", process.pid, connect, lambda: asyncio.run(all_of_them()), lambda: process.poll() is None
            )


@contextmanager
def page(model: str, count: int, seconds: float, log: Path) -> Iterator[Server]:
    """``kwskit serve``; ``count`` visitors, of whom as many as may speak, and the others upload a recording."""
    with _running(["serve", "--port", "0", "--model", model], log) as (process, line):
        host = line.split("/")[2]
        name, port = host.split(":")
        speaking = min(MICROPHONES, count // 2)

        def clients() -> list[Answers]:
            with ThreadPoolExecutor(count) as threads:
                return list(
                    threads.map(lambda k: (_speaks if k < speaking else _uploads)(host, k, seconds), range(count))
                )

        yield Server(
            "page",
            process.pid,
            lambda: socket.create_connection((name, int(port)), 60),
            clients,
            lambda: process.poll() is None,
            host,
        )


def recording(seed: int, seconds: float) -> bytes:
    """A WAV file."""
    file = io.BytesIO()
    soundfile.write(file, speech_like(seconds, seed), RATE, format="WAV")
    return file.getvalue()


def _uploads(host: str, seed: int, seconds: float) -> Answers:
    """The whole of a recording; a visitor who is told to come back does."""
    begin = time.perf_counter()
    path = "/api/spot?" + "&".join(f"keyword={text.replace(' ', '+')}" for text in WORDS)
    while True:
        connection = http.client.HTTPConnection(host, timeout=600)
        connection.request("POST", path, recording(seed, seconds), {"Origin": f"http://{host}"})
        answer = connection.getresponse()
        told = answer.read()
        connection.close()
        if answer.status != 503:
            return [time.perf_counter() - begin], (answer.status, told)
        time.sleep(0.2)


def _speaks(host: str, seed: int, seconds: float) -> Answers:
    """A microphone, as fast as it is heard."""
    from websockets.sync.client import connect

    pcm, delays, told = speech_like(seconds, seed), [], []
    query = "&".join(f"keyword={text.replace(' ', '+')}" for text in WORDS)
    given: dict[str, Any] = {"origin": f"http://{host}", "compression": None, "proxy": None}
    with connect(f"ws://{host}/api/listen?{query}", **given) as socket:
        for at in range(0, len(pcm), MESSAGE):
            begin = time.perf_counter()
            socket.send(pcm[at : at + MESSAGE].astype("<i2").tobytes())
            told.append(json.loads(socket.recv(600)))
            delays.append(time.perf_counter() - begin)
    return delays, told


@contextmanager
def _running(command: list[str], log: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """``kwskit`` with a command, and the line that it prints when it is ready."""
    with (
        log.open("a") as errors,
        subprocess.Popen(
            [sys.executable, "-m", "kwskit", *command], stdout=subprocess.PIPE, stderr=errors, text=True
        ) as process,
    ):
        try:
            assert process.stdout is not None
            if not (line := process.stdout.readline()):
                raise SystemExit(f"kwskit {' '.join(command)} did not start: try it by hand")
            yield process, line
        finally:
            process.terminate()
