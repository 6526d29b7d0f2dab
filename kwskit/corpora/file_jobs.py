"""Work over many files, by several processes."""

import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import TypeVar

from kwskit.data.progress import Progress

Item = TypeVar("Item")
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
    RuntimeError
        When a process dies.
    """
    size, worth = (SHARE, WORTH_PROCESSES) if share is None else (share, share + 1)
    shares = [files[i : i + size] for i in range(0, len(files), size)]
    with Progress(len(files), name, "files") as progress:
        if jobs <= 1 or len(files) < worth:
            for few in shares:
                yield work(few)
                progress.advance(len(few))
            return
        # Forking a process whose torch runs threads can hang; a spawned one starts clean and imports no torch.
        with ProcessPoolExecutor(jobs, mp_context=multiprocessing.get_context("spawn")) as pool:
            try:
                for few, result in zip(shares, pool.map(work, shares), strict=True):
                    yield result
                    progress.advance(len(few))
            except BrokenProcessPool as error:
                raise RuntimeError(f"{name}: a process died (killed, or out of memory?); try --jobs 1") from error
