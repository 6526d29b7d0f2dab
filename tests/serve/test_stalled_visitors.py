"""Visitors who stop in the middle, or do not read what they are told: they are given up, and others go on."""

import asyncio
import http.client
import select
import socket
import time
from contextlib import suppress

import pytest
from websockets.exceptions import WebSocketException

from kwskit.serve.enrolments import Enrolments
from kwskit.serve.file_spotting import FileSpotting
from kwskit.serve.heavy_work import HeavyWork
from kwskit.serve.limits import Limits
from kwskit.serve.page import Page
from kwskit.spotting.spotter import Spotter
from tests.serve.page_requests import asked

sync = pytest.importorskip("websockets.sync.client", reason="the extra serve is not installed")
IMPATIENT = Limits(still_seconds=0.4, microphones=1)


@pytest.fixture(scope="module")
def impatient(serving, tiny_model):
    return serving(Page(Spotter.load(tiny_model), limits=IMPATIENT), little=True)


def deaf(port):
    """A socket that takes little of what it is sent."""
    connected = socket.socket()
    connected.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
    connected.settimeout(20)
    connected.connect(("127.0.0.1", port))
    return connected


def comes(true):
    """Whether something becomes true."""
    for _ in range(200):
        if true():
            return True
        time.sleep(0.05)
    return False


def lost(connected, seconds):
    """Whether the other end has given it up, within some seconds."""
    poll = select.poll()
    poll.register(connected, 0)  # hang-ups and errors alone
    return bool(poll.poll(1000 * seconds))


def ends(connected):
    """Whether the other end has gone, without a word."""
    try:
        return connected.recv(1) == b""
    except ConnectionError:
        return True


def test_connections_on_which_nothing_comes_keep_nobody_out(impatient):
    head = f"GET / HTTP/1.1\r\nHost: 127.0.0.1:{impatient}\r\n".encode()
    waiting = [deaf(impatient) for _ in range(64)]  # as many as may be open
    for number, one in enumerate(waiting):
        one.sendall(head[:number])
    assert all(map(ends, waiting))
    assert asked(impatient, "GET", "/")[0] == 200


HEAD, BODY = b"GET / HTTP/1.1\r\nX: ", b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 999999\r\n\r\n"


@pytest.mark.parametrize("begin", [HEAD, BODY])
def test_a_byte_now_and_then_is_not_waited_for(impatient, begin):
    with deaf(impatient) as one:
        one.sendall(begin)
        with suppress(ConnectionError):
            while not lost(one, 0.05):
                one.sendall(b"x")


def test_who_comes_back_in_time_is_known(impatient):
    connection = http.client.HTTPConnection("127.0.0.1", impatient, timeout=20)
    connection.connect()
    kept = connection.sock
    for _ in range(8):  # longer than anything may stand still
        connection.request("GET", "/api/about")
        assert connection.getresponse().read()
        time.sleep(0.1)
    assert connection.sock is kept
    connection.close()


def test_who_does_not_read_an_answer_is_given_up(impatient):
    """One who begins to read too late gets no more than the kernel has had by then."""
    path = "/static/vendor/uPlot.iife.min.js"
    whole = len(asked(impatient, "GET", path)[2])
    request = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{impatient}\r\nConnection: close\r\n\r\n".encode()

    def read_after(seconds):
        taken = 0
        with deaf(impatient) as one, suppress(ConnectionError):
            one.sendall(request)
            time.sleep(seconds)
            while part := one.recv(65_536):
                taken += len(part)
        return taken

    assert any(read_after(seconds) < whole for seconds in (0.5, 1, 2, 4, 8))


def test_a_microphone_that_does_not_listen_gives_its_place_to_others(impatient, listen):
    def answer():
        with listen(impatient, "rocket") as other:
            with suppress(WebSocketException):  # it may have been refused already
                other.send("end")
            return other.recv(10)

    given = {"origin": f"http://127.0.0.1:{impatient}", "compression": None, "proxy": None, "close_timeout": 0}
    address = f"ws://127.0.0.1:{impatient}/api/listen?keyword=rocket"
    with sync.connect(address, sock=deaf(impatient), max_queue=1, **given) as one:
        for _ in range(20):  # answers of more than is buffered
            one.send(b"\0\0" * 16_000)
        assert comes(lambda: "seconds" in answer())


def test_one_who_reads_slowly_keeps_no_other_recording_waiting(tiny_model, recording):
    """The first visitor takes nothing of the answer before the second has all of it."""
    limits = Limits(waiting=1)
    spotting = FileSpotting(Enrolments(Spotter.load(tiny_model), limits), HeavyWork(limits.waiting), limits)
    scope = {"type": "http", "method": "POST", "query_string": b"keyword=rocket", "headers": []}

    async def visit():
        served = asyncio.Event()

        async def visitor(slow, parts):
            bodies = [{"type": "http.request", "body": recording.read_bytes()}]

            async def receive():
                return bodies.pop() if bodies else await asyncio.Event().wait()

            async def send(message):
                if slow:
                    await served.wait()
                parts.append(message.get("body", b""))

            await spotting(scope, receive, send)

        slow, quick = [], []
        first = asyncio.create_task(visitor(True, slow))
        await asyncio.sleep(0)
        await asyncio.wait_for(visitor(False, quick), 20)
        served.set()
        await first
        spotting.work.close()
        return slow, quick

    slow, quick = asyncio.run(visit())
    assert slow == quick
    assert len(quick) > 3


def test_who_goes_in_the_middle_is_no_error(impatient, caplog):
    request = f"Host: 127.0.0.1:{impatient}\r\nOrigin: http://127.0.0.1:{impatient}\r\nContent-Length: 999\r\n\r\n"
    for path in ("keyword", "wav", "search/example", "spot?keyword=rocket"):
        with deaf(impatient) as one:
            one.sendall(f"POST /api/{path} HTTP/1.1\r\n{request}".encode())
            one.shutdown(socket.SHUT_RDWR)
    assert asked(impatient, "GET", "/")[0] == 200
    assert not caplog.records
