"""Audio files below a folder."""

import logging
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from kwskit.data.address import is_address, located

# What libsndfile reads, by the names that people give it; whether a file can be read is seen when it is read.
WAVS = ("wav", "wave", "bwf", "w64", "rf64")
OTHERS = ("flac", "ogg", "oga", "opus", "mp3", "mp2", "aif", "aiff", "aifc", "au", "snd", "caf", "sph", "nist", "voc")
RARE = ("8svx", "avr", "htk", "iff", "ircam", "paf", "pvf", "sd2", "sds", "sf", "svx", "wve", "xi")
READ = frozenset(f".{name}" for name in (*WAVS, *OTHERS, *RARE))
# Recordings of other kinds.
COMPRESSED = ("3gp", "aac", "ac3", "amr", "ape", "gsm", "m4a", "m4b", "mpc", "ra", "shn", "spx", "tta", "wma", "wv")
FILMS = ("avi", "mka", "mkv", "mov", "mp4", "webm")
UNREAD = frozenset(f".{name}" for name in (*COMPRESSED, *FILMS))

logger = logging.getLogger(__name__)


@dataclass
class AudioFolder:
    """What is below a folder.

    Attributes
    ----------
    files : whose names end like audio that can be read, in the order of their paths
    passed_over : recordings of kinds that cannot be read
    closed : folders that cannot be listed, with the reason
    """

    files: list[Path] = field(default_factory=list)
    passed_over: list[Path] = field(default_factory=list)
    closed: dict[Path, str] = field(default_factory=dict)

    def add(self, path: Path) -> None:
        """Sort a file by its name; what is no recording is left out."""
        suffix = path.suffix.lower()
        if suffix in READ:
            self.files.append(path)
        elif suffix in UNREAD:
            self.passed_over.append(path)

    def note(self, add_all: Callable[[str, list[str]], None]) -> None:
        """Hand ``add_all`` (kind, which) what a corpus cannot use; names that are not UTF-8 leave ``files``."""
        odd = [path for path in self.files if not has_utf8_name(path)]
        self.files = [path for path in self.files if has_utf8_name(path)] if odd else self.files
        add_all("audio files whose name is not UTF-8", list(map(_shown, odd)))
        add_all("recordings of a kind that is not read", list(map(_shown, self.passed_over)))
        add_all("folders that cannot be read", list(self.closed.values()))

    def summary(self) -> str:
        """What was passed over, in one line; empty when nothing was."""
        return "; ".join(filter(None, (passed_over(self.passed_over), *self.closed.values())))


def audio_below(folder: str | Path, without: Path | None = None) -> AudioFolder:
    """The audio files of a folder and of all in it, each once.

    The folder may be at an address (:func:`kwskit.data.address.located`). Folders that are links are followed, each
    folder once, so that a circle of links ends. Hidden files and folders are left out, and so is the folder
    ``without``.
    """
    found = AudioFolder()

    def refuse(error: OSError) -> None:
        found.closed[Path(error.filename)] = f"{_shown(error.filename)}: cannot be read: {error.strerror}"

    if is_address(folder):
        return _below_address(located(folder))
    tops, seen = [os.fspath(folder)], set()
    for top in tops:  # links join them, so that folders themselves come before links to them
        for where, folders, names in os.walk(top, onerror=refuse):
            status = os.stat(where)
            if (status.st_dev, status.st_ino) in seen:
                folders.clear()
                continue
            seen.add((status.st_dev, status.st_ino))
            folders[:] = sorted(name for name in folders if not name.startswith(".") and Path(where, name) != without)
            tops += [path for path in (os.path.join(where, name) for name in folders) if os.path.islink(path)]
            for name in names:
                if not name.startswith("."):
                    found.add(Path(where, name))
    found.files.sort()
    found.passed_over.sort()
    return found


def _below_address(folder: Path) -> AudioFolder:
    found = AudioFolder()
    top = folder.path.rstrip("/")  # type: ignore[attr-defined]  # a UPath
    try:
        keys = folder.fs.find(top)  # type: ignore[attr-defined]
    except OSError as error:
        found.closed[folder] = f"{folder}: cannot be read: {error.strerror or error}"
        return found
    for key in sorted(keys):
        inside = key[len(top) :].lstrip("/")
        if not any(part.startswith(".") for part in inside.split("/")):
            found.add(folder / inside)
    return found


def audio_files_below(folder: str | Path) -> list[Path]:
    """The files of :func:`audio_below`; what was passed over is told in the log."""
    found = audio_below(folder)
    if found.summary():
        logger.warning("%s: %s", folder, found.summary())
    return found.files


def passed_over(paths: Iterable[Path]) -> str:
    """One line on recordings of kinds that cannot be read: how many, and an example; empty for none."""
    listed = list(paths)
    if not listed:
        return ""
    kinds = ", ".join(sorted({path.suffix.lower() for path in listed}))
    count = "1 recording" if len(listed) == 1 else f"{len(listed):,} recordings"
    example = _shown(listed[0])
    return f"passed over {count} of a kind that is not read ({kinds}), such as {example}: convert to WAV or FLAC"


def has_utf8_name(path: str | Path) -> bool:
    """Whether the files that stages hand each other, which are UTF-8, can hold a path."""
    try:
        str(path).encode()
    except UnicodeEncodeError:
        return False
    return True


def _shown(path: str | Path) -> str:
    """As text that any file can hold."""
    return str(path).encode("utf-8", "backslashreplace").decode()
