"""Work over many files, by several processes."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Protocol, TypeVar

from kwskit.data.progress import Progress
from kwskit.task_pool import WorkerDied, run_tasks


class OnDisk(Protocol):
    """A file with what is known of it."""

    @property
    def path(self) -> Path:
        """Where it is."""


Item = TypeVar("Item", bound=Path | OnDisk)
Result = TypeVar("Result")

SHARE = 500  # files that a process takes at a time
WORTH_PROCESSES = 2_000  # fewer files are read sooner than processes start


def over_files(
    work: Callable[[Sequence[Item]], Result], files: Sequence[Item], jobs: int, name: str, share: int | None = None
) -> Iterator[Result]:
    """``work`` over shares of ``files``, results in the order of the files.

    Parameters
    ----------
    work : a function of a module; what it takes and returns travels between processes
    files : all files, as paths or with what is known of them
    jobs : processes; few files are read without any
    name : what is done, for the progress bar
    share : files that a process takes at a time, of work so slow that two shares are worth two processes

    Raises
    ------
    WorkerDied
        When a process dies.
    """
    size, worth = (SHARE, WORTH_PROCESSES) if share is None else (share, share + 1)
    shares = [files[i : i + size] for i in range(0, len(files), size)]
    first = files[0] if files else None
    some_file = first if first is None or isinstance(first, Path) else first.path
    with Progress(len(files), name, "files") as progress:
        try:
            results = run_tasks(work, shares, 1 if len(files) < worth else jobs, some_file)
            for few, result in zip(shares, results, strict=True):
                yield result
                progress.advance(len(few))
        except WorkerDied as error:
            raise WorkerDied(f"{name}: {error}; try --jobs 1") from error
