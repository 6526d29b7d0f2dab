"""Picovoice's wake word benchmark: keywords a folder each, speech for the background, noise; any folders laid out so.

As published (github.com/Picovoice/wake-word-benchmark): ``audio/<keyword>/*.{wav,flac}`` with six keywords; background
LibriSpeech test-clean; noise DEMAND, of which the first of sixteen channels is taken (``<place>/ch01.wav``).
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from kwskit.corpora.file_jobs import over_files
from kwskit.corpora.findings import Findings
from kwskit.data.audio import AudioError, read_blocks
from kwskit.data.audio_folder import READ, audio_files_below
from kwskit.errors import CorpusError
from kwskit.text.normal_form import normal_form
from kwskit.text_file import read_text

NAME = "wake word benchmark"
FIRST_CHANNEL = "ch01.wav"
TRANSCRIPTS = "*.trans.txt"


@dataclass(frozen=True)
class Sound:
    """A file that has been decoded once: its samples at 16 kHz and its peak (1 is full scale)."""

    path: Path
    samples: int
    peak: float


def keyword_files(given: Path) -> dict[str, list[Path]]:
    """Recordings of each keyword, which is the name of their folder in its normal form.

    The folders are in ``given`` or in an ``audio`` folder in it, or in one in a folder in it. Those whose names begin
    with ``_`` or ``.`` are passed over, and so are folders without recordings.

    Raises
    ------
    CorpusError
        When there are none, or a folder may not be read.
    """
    given = Path(given)
    try:
        if not given.is_dir():
            raise CorpusError(f"{NAME}: {given}: no such folder")
        places = [given / "audio", *(child / "audio" for child in sorted(given.iterdir())), given]
        for place in places:
            if place.is_dir() and (found := _keyword_folders(place)):
                return found
        if audio_files(given, deep=False):
            raise CorpusError(
                f"{NAME}: {given} holds recordings itself: name the folder above, where each keyword has a folder"
            )
    except PermissionError as error:
        raise CorpusError(f"{NAME}: {error.filename or given}: permission denied: may you read this folder?") from error
    raise CorpusError(f"{NAME}: {given} has no folder of recordings, such as alexa/0.flac or audio/alexa/0.flac")


def _keyword_folders(place: Path) -> dict[str, list[Path]]:
    found: dict[str, list[Path]] = {}
    for folder in sorted(place.iterdir()):
        files = audio_files(folder, deep=False) if folder.is_dir() and folder.name[0] not in "_." else []
        word = normal_form(folder.name)
        if files and word:
            found.setdefault(word, []).extend(files)
    return found


def audio_files(folder: Path, deep: bool = True) -> list[Path]:
    """Audio files of a folder by their endings, with those of the folders in it when ``deep``, in a fixed order."""
    if deep:
        return audio_files_below(folder)
    return sorted(p for p in folder.iterdir() if p.suffix.lower() in READ and p.name[0] != "." and p.is_file())


def background_files(folder: Path, keywords: Iterable[str]) -> tuple[list[Path], int]:
    """Speech of any folder, and how many files of it were passed over because a keyword is said in them.

    That is known where there are transcripts, as LibriSpeech has them: ``*.trans.txt``, ``<file stem> <text>`` a line.

    Raises
    ------
    CorpusError
        When there is no such folder, or no audio in it.
    """
    files = _some_audio(folder, "background speech")
    said = re.compile(rf"\b(?:{'|'.join(map(re.escape, keywords))})\b")
    spoken = set()
    for path in folder.rglob(TRANSCRIPTS):
        for line in read_text(path).splitlines():
            stem, _, text = line.partition(" ")
            if said.search(normal_form(text.lower())):
                spoken.add((path.parent, stem))
    kept = [file for file in files if (file.parent, file.stem) not in spoken]
    if not kept:
        raise CorpusError(f"background speech: a keyword is said in all {len(files):,} files of {folder}")
    return kept, len(files) - len(kept)


def noise_files(folder: Path) -> list[Path]:
    """Noises of any folder; where a recording has sixteen channels in a folder, as DEMAND has them, the first.

    Raises
    ------
    CorpusError
        When there is no such folder, or no audio in it.
    """
    files = _some_audio(folder, "noise")
    arrays = {file.parent for file in files if file.name == FIRST_CHANNEL}
    return [file for file in files if file.parent not in arrays or file.name == FIRST_CHANNEL]


def decoded(files: Sequence[Path], kind: str, jobs: int, findings: Findings) -> list[Sound]:
    """Decode every file to its end; those that cannot be, or that are silent, are left out.

    Parameters
    ----------
    files : of any rate and number of channels
    kind : what they are, for the findings
    jobs : processes
    findings : takes what is left out
    """
    found = []
    for sounds, undecodable, silent in over_files(_decode, files, jobs, f"decode {kind}"):
        found += sounds
        findings.add_all(f"{kind} that cannot be decoded", undecodable)
        findings.add_all(f"{kind} of silence", silent)
    return found


def _decode(files: Sequence[Path]) -> tuple[list[Sound], list[str], list[str]]:
    sounds, undecodable, silent = [], [], []
    for file in files:
        samples, peak = 0, 0
        try:
            for block in read_blocks(file):
                samples += len(block)
                peak = max(peak, int(np.abs(block.astype(np.int32)).max(initial=0)))
        except (AudioError, OSError) as error:
            undecodable.append(str(error))
            continue
        if peak:
            sounds.append(Sound(file, samples, peak / 32768))
        else:
            silent.append(str(file))
    return sounds, undecodable, silent


def _some_audio(folder: Path, what: str) -> list[Path]:
    if not folder.is_dir():
        raise CorpusError(f"{what}: {folder}: no such folder")
    files = audio_files(folder)
    if not files:
        raise CorpusError(f"{what}: {folder} has no audio ({', '.join(sorted(READ))}), nor has any folder in it")
    return files
