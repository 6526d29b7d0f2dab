"""Clients that do what they should not, for as long as others are watched."""

import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress

Connect = Callable[[], socket.socket]
Over = Callable[[], bool]
LANES = 4  # connections at once that send nonsense


@contextmanager
def stopped(connect: Connect, count: int, sent: bytes) -> Iterator[Over]:
    """So many connections that send something and then no more."""
    found = [connect() for _ in range(count)]
    try:
        for number, one in enumerate(found):
            one.sendall(sent[: len(sent) * (number + 1) // (count + 1)])
        yield lambda: True
    finally:
        for one in found:
            one.close()


@contextmanager
def deaf(connect: Connect, count: int, question: bytes, a_second: int = 0) -> Iterator[Over]:
    """So many connections that ask and ask, and read so many bytes of the answers a second."""
    over = threading.Event()

    def asks() -> None:
        with suppress(OSError), connect() as one:
            one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
            one.settimeout(0.2)
            read = time.monotonic()
            while not over.is_set():
                with suppress(TimeoutError):
                    one.send(question)
                if a_second and time.monotonic() - read >= 1:
                    read = time.monotonic()
                    if not one.recv(a_second):
                        return

    threads = [threading.Thread(target=asks) for _ in range(count)]
    for thread in threads:
        thread.start()
    try:
        yield lambda: True
    finally:
        over.set()
        for thread in threads:
            thread.join()


@contextmanager
def cut(connect: Connect, count: int, sent: bytes) -> Iterator[Over]:
    """So many connections, one after another, that are reset in the middle of what they send."""
    with nonsense(connect, [sent[: len(sent) * k // count] for k in range(count)], reset=True) as over:
        yield over


@contextmanager
def nonsense(connect: Connect, messages: Sequence[bytes], reset: bool = False) -> Iterator[Over]:
    """A connection for each of ``messages``, which is ended or reset behind it."""
    waiting = iter(messages)
    lock = threading.Lock()

    def sends() -> None:
        while True:
            with lock:
                if (message := next(waiting, None)) is None:
                    return
            with suppress(OSError), connect() as one:
                one.settimeout(30)
                one.sendall(message)
                if reset:
                    one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
                    continue
                one.shutdown(socket.SHUT_WR)
                while one.recv(65_536):
                    pass

    threads = [threading.Thread(target=sends) for _ in range(LANES)]
    for thread in threads:
        thread.start()
    try:
        yield lambda: not any(thread.is_alive() for thread in threads)
    finally:
        for thread in threads:
            thread.join()
