"""Find a corpus where people put it."""

from collections.abc import Sequence
from pathlib import Path

from kwskit.errors import CorpusError

ARCHIVES = (".tar", ".tgz", ".tar.gz", ".tar.bz2", ".zip")


def corpus_root(given: Path, wanted: Sequence[str], name: str) -> Path:
    """The folder that holds all entries of ``wanted``: ``given`` itself, or one folder inside it.

    Parameters
    ----------
    given : what the user named
    wanted : names of files and folders, or patterns such as ``"*.csv"``; a path such as ``"splits/test.csv"`` is
        looked for below the folder
    name : what the corpus is called, for the messages

    Raises
    ------
    CorpusError
        When there is no such folder, it may not be read, it is an archive, some entries are missing, or it is a
        folder above or below the right one, which is then named.
    """
    given = Path(given)
    seen = f"{name}: {given}"
    try:
        if given.is_file():
            unpack = "unpack it and name the folder" if given.name.endswith(ARCHIVES) else "name its folder"
            raise CorpusError(f"{seen} is a file: {unpack}")
        if not given.is_dir():
            raise CorpusError(f"{seen}: no such folder")
        if _holds(given, wanted):
            return given
        children = _children(given)
        for child in children:
            if _holds(child, wanted):
                return child
        above = next((p for p in list(given.absolute().parents)[:3] if _holds(p, wanted)), None)
        below = next((g for c in children for g in _children(c) if _holds(g, wanted)), None)
    except PermissionError as error:
        raise CorpusError(f"{name}: {error.filename or given}: permission denied: may you read this folder?") from error
    if above or below:
        raise CorpusError(
            f"{seen} is a folder of the wrong level: {', '.join(wanted)} is in {above or below}, name that"
        )
    nearest = max([given, *children], key=lambda folder: len(wanted) - len(_missing(folder, wanted)))
    found = sorted(child.name for child in nearest.iterdir())
    listed = ", ".join(found[:8]) + (f" and {len(found) - 8} more" if len(found) > 8 else "")
    lacks = ", ".join(_missing(nearest, wanted))
    raise CorpusError(f"{name}: {nearest} lacks {lacks}; it has {listed or 'nothing in it'}")


def _holds(folder: Path, wanted: Sequence[str]) -> bool:
    return not _missing(folder, wanted)


def _missing(folder: Path, wanted: Sequence[str]) -> list[str]:
    return [entry for entry in wanted if next(folder.glob(entry), None) is None]


def _children(folder: Path) -> list[Path]:
    return sorted(child for child in folder.iterdir() if child.is_dir() and not child.name.startswith("."))
