"""A full disk: what is written fails with a sentence, what was there stays, and all goes on when there is room."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from loads.commands import found, kwskit, recordings, told

MEGABYTES = 24


@contextmanager
def small_disk(folder: Path) -> Iterator[None]:
    """A file system of its own, in memory (Linux, root).

    Raises
    ------
    SystemExit
        Where none can be mounted.
    """
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={MEGABYTES}m", "tmpfs", str(folder)]
    if subprocess.run(command, capture_output=True).returncode:
        raise SystemExit("a small disk cannot be mounted here: it needs the rights of root")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


@contextmanager
def filled(folder: Path, left: int = 0) -> Iterator[None]:
    """A disk with so many bytes left."""
    filler = folder / "filler"
    filler.write_bytes(bytes(max(0, shutil.disk_usage(folder).free - left)))
    try:
        yield
    finally:
        filler.unlink()


def full_disk(model: str, folder: Path) -> None:
    """Index, calibrate, and keep a token on a disk that is full, and print how it goes."""
    paths, (room,) = recordings(folder / "sound", 4, 5.0), recordings(folder / "room", 1, 65.0)
    with small_disk(folder / "disk"):
        disk = folder / "disk"
        index, background, token = disk / "index", disk / "room.npz", disk / "token"
        kwskit("index", *paths[:2], "--out", index, "--model", model)
        kwskit("calibrate", room, "--model", model, "--to", background)
        before, own = found(index, "computer"), background.read_bytes()
        with filled(disk, 60_000):
            status, said = kwskit("index", *paths, "--out", index)
            kept = found(index, "computer") == before
            told("kwskit index on a full disk: the index is as before", status == 1 and kept, status, said)
            status, said = kwskit("calibrate", room, "--model", model, "--to", background)
            kept = background.read_bytes() == own and not list(disk.glob("room.npz?*"))
            told("kwskit calibrate on a full disk: the background is as before", status == 1 and kept, status, said)
        with filled(disk):
            status, said = kwskit("serve", "--token-file", token, "--model", model, "--port", 0)
            gone = status == 1 and not token.exists()
            told("kwskit serve on a full disk: there is no half token", gone, status, said)
        status, said = kwskit("index", *paths, "--out", index)
        again = [one for one in found(index, "computer") if one[0] in {one[0] for one in before}]
        told("kwskit index when there is room again", status == 0 and set(before) <= set(again), status, said)
