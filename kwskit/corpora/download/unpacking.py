"""Unpack archives whole or not at all."""

import errno
import lzma
import shutil
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from kwskit.errors import CorpusError


def unpack(archive: Path, folder: Path, makes: str, into: str = ".", top: str | None = None) -> None:
    """Unpack a tar (of any compression) or zip so that ``folder/makes`` is there when all of it is.

    Everything goes to a temporary folder first and is moved from there, ``makes`` last. Files that are there already
    stay (the parts of LibriSpeech share some).

    Parameters
    ----------
    archive : the file
    folder : what ``makes`` and ``into`` are below
    makes : path that the archive makes
    into : folder that it is unpacked in
    top : path in the archive that is ``makes``, where its name is another

    Raises
    ------
    CorpusError
        When the archive is none or ends in the middle, would write outside of its folder, does not hold ``makes``,
        or the disk is full or may not be written to.
    """
    partial = folder / f".{archive.name}.unpacking"
    try:
        shutil.rmtree(partial, ignore_errors=True)
        (partial / into).mkdir(parents=True)
        _extract(archive, partial / into)
        if top is not None and (partial / into / top).exists():
            (partial / makes).parent.mkdir(parents=True, exist_ok=True)
            (partial / into / top).replace(partial / makes)
        if not (partial / makes).exists():
            held = sorted(path.relative_to(partial).as_posix() for path in (partial / into).iterdir())
            raise CorpusError(f"{archive}: holds no {top or makes}, but {', '.join(held[:5]) or 'nothing'}")
        last = PurePosixPath(makes)
        _move(partial, folder, [partial / part for part in (last, *last.parents)])
        (folder / last).parent.mkdir(parents=True, exist_ok=True)
        (partial / last).replace(folder / last)
    except (tarfile.TarError, zipfile.BadZipFile, EOFError, zlib.error, lzma.LZMAError) as error:
        raise CorpusError(f"{archive}: cannot be unpacked, is it whole? {error}") from error
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise CorpusError(f"{folder}: the disk is full while unpacking {archive.name}") from error
        if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
            raise CorpusError(
                f"{error.filename or folder}: permission denied while unpacking {archive.name}"
            ) from error
        raise CorpusError(f"{archive}: cannot be unpacked: {error}") from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _extract(archive: Path, folder: Path) -> None:
    if zipfile.is_zipfile(archive):
        with zipfile.ZipFile(archive) as source:
            for name in source.namelist():
                path = PurePosixPath(name.replace("\\", "/"))
                if path.is_absolute() or ".." in path.parts:
                    raise CorpusError(f"{archive}: refused: its member {name!r} would lie outside of the folder")
            source.extractall(folder)
        return
    with tarfile.open(archive) as source:
        if not hasattr(tarfile, "data_filter"):  # Python before 3.10.12 and 3.11.4, such as Debian 12's
            source.extractall(folder, _harmless(archive, source))
            return
        try:
            source.extractall(folder, filter="data")
        except tarfile.FilterError as error:
            raise CorpusError(f"{archive}: refused: {error}") from error


def _harmless(archive: Path, source: tarfile.TarFile) -> Iterator[tarfile.TarInfo]:
    """The members of ``source`` as they come, files and folders inside only."""
    for member in source:
        path = PurePosixPath(member.name)
        if path.is_absolute() or ".." in path.parts:
            raise CorpusError(f"{archive}: refused: its member {member.name!r} would lie outside of the folder")
        if not (member.isfile() or member.isdir()):
            raise CorpusError(f"{archive}: refused: its member {member.name!r} is neither a file nor a folder")
        member.mode = 0o755 if member.isdir() else 0o644
        yield member


def _move(source: Path, target: Path, later: list[Path]) -> None:
    """Move what is in ``source`` into ``target`` without replacing anything; paths of ``later`` stay."""
    for path in sorted(source.iterdir()):
        there = target / path.name
        if path == later[0]:
            continue
        if path in later or (path.is_dir() and there.is_dir()):
            there.mkdir(parents=True, exist_ok=True)
            _move(path, there, later)
        elif not there.exists():
            path.replace(there)
