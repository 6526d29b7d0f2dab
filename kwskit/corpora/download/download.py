"""Download large files over connections that break."""

import errno
import hashlib
import http.client
import re
import shutil
import ssl
import time
import urllib.error
import urllib.request
from pathlib import Path

from kwskit import __version__
from kwskit.data.progress import Progress
from kwskit.errors import CorpusError

BLOCK = 1 << 20
PATIENCE = 6  # attempts in a row that bring nothing
TIMEOUT = 60.0  # seconds without a byte
PAUSE = 1.0  # seconds before the second attempt; doubles with each


class _Broken(Exception):
    """A connection that ended early; what came is kept."""


class _Refused(Exception):
    """A server that does not have the file, or does not give it."""


BROKEN = (
    _Broken,
    http.client.HTTPException,
    urllib.error.URLError,
    ssl.SSLError,
    ConnectionError,
    TimeoutError,
)


def download(urls: tuple[str, ...], target: Path, checksum: str | None = None, size: int | None = None) -> str:
    """Fetch a file to ``target``; returns its digest, ``sha256:…`` or of the kind of ``checksum``.

    What an earlier attempt left in ``<target>.partial`` is continued (HTTP Range) as long as the server has the same
    file; a server that knows no ranges sends it from the beginning. Broken connections are tried again, and mirrors
    when the first place refuses. ``target`` is there whole or not at all.

    Parameters
    ----------
    urls : where it is, mirrors after the first
    target : path of the file
    checksum : ``sha256:…`` or ``md5:…``; None compares the length with the server's only
    size : bytes that it is known to have, to see beforehand whether it fits on the disk

    Raises
    ------
    CorpusError
        When no server gives the file, connections break without end, the checksum is another (what came is deleted
        then), or the disk is full or may not be written to.
    """
    partial = target.with_name(f"{target.name}.partial")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        _look_for_room(partial, size)
        refusals = []
        for url in urls:
            try:
                _fetch(url, partial)
                break
            except _Refused as error:
                refusals.append(f"{url}: {error}")
        else:
            raise CorpusError("cannot be downloaded: " + "; ".join(refusals))
        found = digest(partial, (checksum or "sha256:").partition(":")[0])
        if checksum and found != checksum:
            length = partial.stat().st_size
            _forget(partial)
            raise CorpusError(
                f"{url}: wrong checksum: expected {checksum}, the {length:,} bytes that came have {found}; they are "
                "deleted: fetch again, and if it stays so the file has been changed"
            )
        partial.replace(target)
        _forget(partial)
    except OSError as error:
        raise _for_people(error, target) from error
    return found


def digest(path: Path, kind: str) -> str:
    """``<kind>:<hexadecimal digest>`` of a file; ``kind`` as in hashlib."""
    state = hashlib.new(kind, usedforsecurity=False)
    with path.open("rb") as source:
        while block := source.read(8 * BLOCK):
            state.update(block)
    return f"{kind}:{state.hexdigest()}"


def _fetch(url: str, partial: Path) -> None:
    """Bring ``partial`` to its full length, with as many connections as it takes."""
    idle = 0
    while True:
        before = partial.stat().st_size if partial.exists() else 0
        try:
            _continue(url, partial, before)
            return
        except BROKEN as error:
            after = partial.stat().st_size if partial.exists() else 0
            idle = 0 if after > before else idle + 1
            if idle >= PATIENCE:
                raise _Refused(f"{error} ({PATIENCE} attempts; {after:,} bytes are kept to go on from)") from error
            time.sleep(PAUSE * 2 ** max(idle - 1, 0))


def _continue(url: str, partial: Path, start: int) -> None:
    """One connection: the file from byte ``start``, or from the beginning where the server wants it so."""
    note = _note(partial)
    headers = {"User-Agent": f"kwskit/{__version__}"}
    version = note.read_text().strip() if start and note.exists() else ""
    if start and version:
        headers |= {"Range": f"bytes={start}-", "If-Range": version}
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=TIMEOUT) as answer:
            goes_on = answer.status == 206
            if goes_on and not (answer.headers.get("Content-Range") or "").startswith(f"bytes {start}-"):
                _forget(partial)
                raise _Broken(f"asked for bytes from {start}, got {answer.headers.get('Content-Range')!r}")
            length = answer.headers.get("Content-Length")
            total = int(length) + (start if goes_on else 0) if length else None
            if not goes_on:
                # A weak ETag does not promise the same bytes; without either the download cannot be continued.
                tag = answer.headers.get("ETag") or ""
                stamp = tag if tag and not tag.startswith("W/") else answer.headers.get("Last-Modified") or ""
                note.write_text(stamp)
                _look_for_room(partial, total)
            _receive(answer, partial, "ab" if goes_on else "wb", start if goes_on else 0, total)
    except urllib.error.HTTPError as error:
        if error.code == 416:  # nothing after what is there: it is whole, or of another file
            total_bytes = re.fullmatch(r"bytes \*/(\d+)", error.headers.get("Content-Range") or "")
            if total_bytes and int(total_bytes[1]) == start:
                return
            _forget(partial)
            raise _Broken("the file there is shorter than what came before") from error
        if error.code in (408, 429) or error.code >= 500:
            raise _Broken(f"HTTP {error.code} {error.reason}") from error
        raise _Refused(f"HTTP {error.code} {error.reason}") from error


def _receive(answer: http.client.HTTPResponse, partial: Path, mode: str, at: int, total: int | None) -> None:
    name = partial.name.removesuffix(".partial")
    with partial.open(mode) as sink, Progress((total or 0) >> 20, f"download {name}", "MiB") as progress:
        progress.done = at >> 20 if total else 0
        while block := answer.read(BLOCK):
            sink.write(block)
            at += len(block)
            if total:
                progress.advance((at >> 20) - progress.done)
    if total is not None and at != total:
        raise _Broken(f"the connection ended after {at:,} of {total:,} bytes")


def _look_for_room(partial: Path, size: int | None) -> None:
    if size is None:
        return
    to_come = size - (partial.stat().st_size if partial.exists() else 0)  # continued or written over
    free = shutil.disk_usage(partial.parent).free
    if to_come > free:
        raise CorpusError(
            f"{partial.parent}: {to_come / 1e9:.1f} GB are to come, but only {free / 1e9:.1f} GB are free"
        )


def _note(partial: Path) -> Path:
    """Holds which version of the file the partial one is of, as the server names it."""
    return partial.with_name(f"{partial.name}.version")


def _forget(partial: Path) -> None:
    partial.unlink(missing_ok=True)
    _note(partial).unlink(missing_ok=True)


def _for_people(error: OSError, target: Path) -> CorpusError:
    if error.errno == errno.ENOSPC:
        return CorpusError(f"{target}: the disk is full; what came is kept: make room and fetch again")
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return CorpusError(f"{target.parent}: permission denied: may you write there?")
    return CorpusError(f"{target}: {error.strerror or error}")
