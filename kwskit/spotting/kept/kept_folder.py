"""A folder of kept clips, which a person judges by moving them."""

import logging
import os
import re
import secrets
import time
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from kwskit.spotting.kept.kept_clip import PRIVATE_FOLDER, KeptClip, KeptError, read_clip, write_clip
from kwskit.spotting.kept.stretch import JUDGED, Stretch, add_line, add_stretch, read_lines

UNMARKED, IT_WAS, IT_WAS_NOT = VERDICTS = ("unmarked", "it_was", "it_was_not")
LISTENED, README = "listened", "README.txt"
DAY = 86_400.0
TOLD = """What set a keyword of kwskit off, and what nearly did: clips of some seconds, of those who live here.
Listen to those in unmarked/, and move each: to it_was/ where the keyword is said, else to it_was_not/.
kwskit adapt and kwskit calibrate learn from these: --from this folder. Delete what you like, or all of it.
listened/ says for how long was listened, and which clips were kept.
"""

logger = logging.getLogger(__name__)


class Kept(NamedTuple):
    """A clip in its folder: its file, what is known of it, and its verdict, the name of the folder."""

    path: Path
    clip: KeptClip
    verdict: str


class KeptFolder:
    """Clips below ``path`` in a folder for each verdict; bounded in size and age, the oldest unmarked ones go first.

    Clips that are marked are not too old for anything, and go after all others. What is no kept clip stays.

    Parameters
    ----------
    path : of a folder that :meth:`create` has made
    megabytes : of all clips
    days : that an unmarked clip, and what is known of the listening, is kept

    Raises
    ------
    KeptError
        When it is no such folder.
    """

    def __init__(self, path: str | Path, megabytes: float = 50.0, days: float = 30.0):
        self.path, self.megabytes, self.days = Path(path), megabytes, days
        if not self.path.is_dir():
            raise KeptError(f"{path}: no folder that kwskit has kept clips in (kwskit spot --keep {path})")
        if not (self.path / LISTENED).is_dir():
            raise KeptError(f"{path}: no kept clips, but something else: there is no {LISTENED}/ in it")
        self._own = f"{os.getpid()}-{secrets.token_hex(4)}"
        self._read: dict[tuple[str, float, int], KeptClip | None] = {}
        self._told: set[tuple[str, str]] = set()

    @classmethod
    def create(cls, path: str | Path, megabytes: float = 50.0, days: float = 30.0) -> "KeptFolder":
        """The folder, made where it is not there, for nobody else to read.

        Raises
        ------
        KeptError
            When something else is there: a file, or a folder with other files.
        OSError
            When it cannot be made.
        """
        path = Path(path)
        if path.exists() and not path.is_dir():
            raise KeptError(f"{path}: a file; clips are kept in a folder")
        if path.is_dir() and not (path / LISTENED).is_dir() and any(path.iterdir()):
            raise KeptError(f"{path}: has other files in it; clips are kept in a folder that is new or empty")
        path.parent.mkdir(parents=True, exist_ok=True)
        for one in (path, *(path / name for name in (*VERDICTS, LISTENED))):
            one.mkdir(PRIVATE_FOLDER, exist_ok=True)
        if not (path / README).exists():
            (path / README).write_text(TOLD, "utf-8")
        folder = cls(path, megabytes, days)
        folder.purge()
        return folder

    def kept(self) -> list[Kept]:
        """All clips, the latest first. Damaged ones, and those with two verdicts, are told of once, and left out."""
        found: dict[str, Kept] = {}
        clashing = set()
        for one in self._all():
            other = found.get(one.clip.id)
            if other is not None and UNMARKED not in (one.verdict, other.verdict) and one.verdict != other.verdict:
                clashing.add(one.clip.id)
                self._tell_once(one.path, f"it is in {IT_WAS}/ and in {IT_WAS_NOT}/: delete one of both")
            if other is None or other.verdict == UNMARKED:
                found[one.clip.id] = one
        return sorted(
            (one for one in found.values() if one.clip.id not in clashing), key=lambda one: (-one.clip.heard, one.path)
        )

    def add(self, pcm: NDArray[np.int16], clip: KeptClip) -> Path:
        """Keep ``pcm`` (samples,) at 16 kHz, unmarked, and let go what is too much; OSError when it cannot be."""
        when = datetime.fromtimestamp(clip.heard, timezone.utc).astimezone()
        name = re.sub(r"\W+", "-", clip.keyword)[:40].strip("-") or "keyword"
        path = self.path / UNMARKED / f"{when:%Y-%m-%d_%H-%M-%S}_{name}_{clip.score:.2f}_{clip.id}.flac"
        path.parent.mkdir(PRIVATE_FOLDER, exist_ok=True)
        write_clip(path, pcm, clip)
        self.purge()
        return path

    def mark(self, one: Kept, verdict: str) -> None:
        """Give a clip its verdict, or take it back: ``unmarked``; OSError when it cannot be moved."""
        target = self.path / verdict
        target.mkdir(PRIVATE_FOLDER, exist_ok=True)
        one.path.replace(target / one.path.name)

    def remove(self, one: Kept) -> None:
        """Delete a clip; its verdict is remembered, and still counts for a rate of false alarms."""
        one.path.unlink(missing_ok=True)
        if one.verdict != UNMARKED:
            add_line(self._log(time.time()), JUDGED, [one.clip.id, one.verdict])

    def log(self, stretch: Stretch) -> None:
        """Write down a stretch of listening; OSError when it cannot be."""
        add_stretch(self._log(stretch.start), stretch)

    def listening(self) -> tuple[list[Stretch], dict[str, str]]:
        """All stretches by their beginning, and verdicts by the clips' ids, of those too that were removed since."""
        stretches: list[Stretch] = []
        verdicts: dict[str, str] = {}
        for path in sorted((self.path / LISTENED).glob("*.jsonl")):
            for line in read_lines(path):
                if isinstance(line, Stretch):
                    stretches.append(line)
                else:
                    verdicts[line[0]] = line[1]
        verdicts |= {one.clip.id: one.verdict for one in self.kept()}
        return sorted(stretches, key=lambda one: one.start), verdicts

    def purge(self) -> None:
        """Let go what is too old, and the oldest where there is too much: unmarked clips first."""
        now = time.time()
        least = now - self.days * DAY
        for pattern, before in ((f"{LISTENED}/*.jsonl", least), ("*/.*.partial", now - DAY)):
            for path in self.path.glob(pattern):  # the second are of processes that were killed
                if _status(path)[0] < before:
                    path.unlink(missing_ok=True)
        kept = sorted(self._all(), key=lambda one: (one.verdict != UNMARKED, one.clip.heard))
        sizes = [_status(one.path)[1] for one in kept]
        left = sum(sizes)
        for one, size in zip(kept, sizes, strict=True):
            if left > 1e6 * self.megabytes or (one.verdict == UNMARKED and one.clip.heard < least):
                self.remove(one)
                left -= size

    def _all(self) -> Iterator[Kept]:
        for verdict in VERDICTS:
            for path in sorted((self.path / verdict).glob("*.flac")):
                clip = self._clip(path)
                if clip is not None:
                    yield Kept(path, clip, verdict)

    def _clip(self, path: Path) -> KeptClip | None:
        """What is known of a clip, read once; None of one that is damaged, or gone by now."""
        key = path.name, *_status(path)
        if key not in self._read:
            try:
                self._read[key] = read_clip(path)
            except KeptError as error:
                self._read[key] = None
                logger.warning("%s", error)
        return self._read[key]

    def _tell_once(self, path: Path, problem: str) -> None:
        if (path.name, problem) not in self._told:
            self._told.add((path.name, problem))
            logger.warning("%s: %s", path, problem)

    def _log(self, when: float) -> Path:
        folder = self.path / LISTENED
        folder.mkdir(PRIVATE_FOLDER, exist_ok=True)
        day = datetime.fromtimestamp(when, timezone.utc)
        return folder / f"{day:%Y-%m-%d}_{self._own}.jsonl"


def _status(path: Path) -> tuple[float, int]:
    """When a file was changed, and its bytes; none, and not long ago, of one that is gone by now."""
    try:
        status = path.stat()
    except OSError:
        return float("inf"), 0
    return status.st_mtime, status.st_size
