"""One process at a time writes into a folder."""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

LOCK = ".lock"


class FolderInUse(RuntimeError):
    """Another process writes into the folder; the message names it."""


@contextmanager
def folder_lock(folder: Path) -> Iterator[None]:
    """Hold the right to write into ``folder``, which is made when it is not there, and goes again when nothing came in.

    The system takes it back from a process that is killed.

    Raises
    ------
    FolderInUse
        When another process has it.
    """
    fresh = not folder.exists()
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with _held(folder):
            yield
    finally:
        if fresh and [path.name for path in folder.iterdir()] == [LOCK]:
            (folder / LOCK).unlink()
            folder.rmdir()


@contextmanager
def _held(folder: Path) -> Iterator[None]:
    with (folder / LOCK).open("a+", encoding="utf-8") as file:
        try:
            import fcntl
        except ImportError:  # Windows
            yield
            return
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            file.seek(0)
            owner = file.read() or "another process"
            raise FolderInUse(f"{folder} is in use by {owner}: wait for it, or end it") from error
        except OSError:
            pass  # a file system without locks
        file.truncate(0)
        file.write(f"process {os.getpid()} on {socket.gethostname()}")
        file.flush()
        yield
