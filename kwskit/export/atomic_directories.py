"""Directories that are there whole or not at all."""

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def atomic_directories(targets: Sequence[Path], mark: str) -> Iterator[list[Path]]:
    """Temporary directories beside ``targets`` that take their places when the block ends well, and go when not.

    Parameters
    ----------
    targets : where they go; one already there is replaced when it has the file ``mark`` or nothing in it
    mark : name of a file

    Raises
    ------
    FileExistsError
        When something else is already there.
    """
    for target in targets:
        if target.exists() and not ((target / mark).is_file() or (target.is_dir() and not any(target.iterdir()))):
            raise FileExistsError(f"{target} is there already, and no {mark} in it: it is not replaced")
    partials = [target.with_name(f".{target.name}.{os.getpid()}.partial") for target in targets]
    try:
        for partial in partials:
            partial.mkdir(parents=True)
        yield partials
        for partial, target in zip(partials, targets, strict=True):
            if target.exists():
                shutil.rmtree(target)
            partial.rename(target)
    finally:
        for partial in partials:
            shutil.rmtree(partial, ignore_errors=True)
