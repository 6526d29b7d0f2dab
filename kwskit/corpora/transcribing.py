"""A folder of recordings becomes a corpus: what an existing recogniser hears in each, in ``text.tsv``."""

import csv
import os
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from kwskit.atomic_write import atomic_write
from kwskit.corpora.alignments.transcripts import TABLE, transcript_words
from kwskit.corpora.file_jobs import over_files
from kwskit.corpora.findings import Findings
from kwskit.data.address import is_address
from kwskit.data.audio import AudioError, read_segment
from kwskit.data.audio_folder import audio_below
from kwskit.errors import CorpusError

SHARE = 50  # recordings between two writings; as many are lost when the work is interrupted
COLUMNS = ("file", "sentence", "probability")


class Recogniser(Protocol):
    """What hears text: :class:`~kwskit.corpora.whisper_model.WhisperModel` and others.

    One that works on a cluster travels there by pickle.
    """

    def transcribe(self, samples: NDArray[np.int16]) -> tuple[str, float]:
        """The text of int16 (samples,) at 16 kHz, and its probability, 0 to 1."""
        ...


class Recording(NamedTuple):
    """A recording by its name in the table, and its file."""

    name: str
    path: Path


def transcribe_folder(folder: Path, to: Path, recogniser: Recogniser) -> Findings:
    """Write ``to/text.tsv`` with the columns ``file``, ``sentence`` and ``probability``.

    A file is told from ``to``; one at an address from ``folder``, so that the table fits a copy of the recordings.

    Recordings of an earlier run's table are not heard again. Those in which nothing is said have an empty sentence.

    Parameters
    ----------
    folder : searched deep for audio files; it may be at an address (:func:`kwskit.data.address.located`)
    to : folder of the table; ``folder`` itself makes that one a corpus
    recogniser : hears them

    Returns
    -------
    Findings : audio that cannot be read, and recordings in which no words are heard

    Raises
    ------
    CorpusError
        When there is no audio, or the table that is there is not one of this function's.
    OSError
        When the table cannot be written.
    """
    below, findings = audio_below(folder), Findings()
    below.note(findings.add_all)
    files = below.files
    if not files:
        raise CorpusError(f"{folder}: no audio in this folder")
    table = to / TABLE
    rows = _earlier(table)
    places = [_place(path, folder, to) for path in files]
    left = [Recording(name, path) for name, path in zip(places, files, strict=True) if name not in rows]
    if len(left) < len(files):
        print(f"transcribe: {len(files) - len(left):,} of {len(files):,} recordings are there already")
    for heard, unreadable in over_files(partial(_heard, recogniser), left, 1, "transcribe", SHARE):
        findings.add_all("audio files that cannot be read", unreadable)
        rows |= heard
        _write(table, rows)
    silent = (name for name, (text, _) in rows.items() if not transcript_words(text))
    findings.add_all("recordings in which no words are heard", silent)
    return findings


def _place(path: Path, folder: Path, to: Path) -> str:
    """A recording's name: from ``to``, or from ``folder`` where that is at an address, which no path leads to."""
    if is_address(folder):
        return str(path).removeprefix(str(folder)).lstrip("/")
    return Path(os.path.relpath(path.absolute(), to.absolute())).as_posix()


def _heard(recogniser: Recogniser, recordings: Sequence[Recording]) -> tuple[dict[str, tuple[str, str]], list[str]]:
    """Sentence and probability by name, and what is wrong with those that cannot be read."""
    rows, unreadable = {}, []
    for one in recordings:
        try:
            _refuse_odd(one.name)
            text, probability = recogniser.transcribe(read_segment(one.path))
        except AudioError as error:
            unreadable.append(str(error))
        else:
            rows[one.name] = (" ".join(text.split()), f"{probability:.4f}")
    return rows, unreadable


def _earlier(table: Path) -> dict[str, tuple[str, str]]:
    """Sentence and probability by file of the table that is there."""
    if not table.exists():
        return {}
    try:
        with table.open(encoding="utf-8", newline="") as source:
            lines = list(csv.reader(source, delimiter="\t", quoting=csv.QUOTE_NONE))
    except (OSError, UnicodeDecodeError) as error:
        raise CorpusError(f"{table}: cannot be read: {error}") from error
    if not lines or tuple(lines[0]) != COLUMNS:
        raise CorpusError(
            f"{table}: line 1: is not a table of kwskit transcribe ({', '.join(COLUMNS)}), and is left as it is: "
            "name another folder with --out"
        )
    for number, line in enumerate(lines[1:], start=2):
        if len(line) != len(COLUMNS):
            raise CorpusError(f"{table}: line {number}: expected {', '.join(COLUMNS)}, found {len(line)} values")
    return {file: (sentence, probability) for file, sentence, probability in lines[1:]}


def _refuse_odd(name: str) -> None:
    if any(char in name for char in "\t\r\n"):
        raise AudioError(f"{name!r}: a name with a tab or a line break cannot stand in a table")


def _write(table: Path, rows: dict[str, tuple[str, str]]) -> None:
    lines = ["\t".join(COLUMNS), *("\t".join((name, *row)) for name, row in rows.items())]
    with atomic_write(table) as partial:
        partial.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8", newline="\n")
