"""Work over many files, by several processes."""

import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import TypeVar

from kwskit.data.progress import Progress

Result = TypeVar("Result")

SHARE = 500  # files that a process takes at a time
WORTH_PROCESSES = 2_000  # fewer files are read sooner than processes start


def over_files(
    work: Callable[[Sequence[Path]], Result], files: Sequence[Path], jobs: int, name: str
) -> Iterator[Result]:
    """``work`` over shares of ``files``, results in the order of the files.

    Parameters
    ----------
    work : a function of a module; what it takes and returns travels between processes
    files : all files
    jobs : processes; few files are read without any
    name : what is done, for the progress bar

    Raises
    ------
    RuntimeError
        When a process dies.
    """
    shares = [files[i : i + SHARE] for i in range(0, len(files), SHARE)]
    with Progress(len(files), name, "files") as progress:
        if jobs <= 1 or len(files) < WORTH_PROCESSES:
            for share in shares:
                yield work(share)
                progress.advance(len(share))
            return
        # Forking a process whose torch runs threads can hang; a spawned one starts clean and imports no torch.
        with ProcessPoolExecutor(jobs, mp_context=multiprocessing.get_context("spawn")) as pool:
            try:
                for share, result in zip(shares, pool.map(work, shares), strict=True):
                    yield result
                    progress.advance(len(share))
            except BrokenProcessPool as error:
                raise RuntimeError(f"{name}: a process died (killed, or out of memory?); try --jobs 1") from error
