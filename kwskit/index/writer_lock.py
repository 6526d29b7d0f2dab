"""One process at a time adds to an index."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from kwskit.errors import SpeechIndexError

LOCK = ".adding"


@contextmanager
def writer_lock(folder: Path) -> Iterator[None]:
    """Hold the right to write into ``folder``, which is made when it is not there.

    The system takes it back from a process that is killed.

    Raises
    ------
    SpeechIndexError
        When another process has it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    try:
        import fcntl
    except ImportError:  # Windows
        yield
        return
    with (folder / LOCK).open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise SpeechIndexError(f"{folder}: another process is adding to this index: wait for it") from error
        yield
