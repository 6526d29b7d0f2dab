"""A folder of recordings becomes a corpus: what an existing recogniser hears in each, in ``text.tsv``."""

import csv
import os
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from kwskit.atomic_write import atomic_write
from kwskit.corpora.alignments.transcripts import TABLE, transcript_words
from kwskit.corpora.findings import Findings
from kwskit.data.audio import AudioError, read_segment
from kwskit.data.audio_folder import audio_below
from kwskit.data.progress import Progress
from kwskit.errors import CorpusError

SHARE = 50  # recordings between two writings; as many are lost when the work is interrupted
COLUMNS = ("file", "sentence", "probability")


class Recogniser(Protocol):
    """What hears text: :class:`~kwskit.corpora.whisper_model.WhisperModel` and others."""

    def transcribe(self, samples: NDArray[np.int16]) -> tuple[str, float]:
        """The text of int16 (samples,) at 16 kHz, and its probability, 0 to 1."""
        ...


def transcribe_folder(folder: Path, to: Path, recogniser: Recogniser) -> Findings:
    """Write ``to/text.tsv`` with the columns ``file`` (relative to ``to``), ``sentence`` and ``probability``.

    Recordings of an earlier run's table are not heard again. Those in which nothing is said have an empty sentence.

    Parameters
    ----------
    folder : searched deep for audio files
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
    places = [Path(os.path.relpath(path.absolute(), to.absolute())).as_posix() for path in files]
    left = [(name, path) for name, path in zip(places, files, strict=True) if name not in rows]
    if len(left) < len(files):
        print(f"transcribe: {len(files) - len(left):,} of {len(files):,} recordings are there already")
    with Progress(len(left), "transcribe", "recordings") as progress:
        for number, (name, path) in enumerate(left, start=1):
            try:
                _refuse_odd(name)
                text, probability = recogniser.transcribe(read_segment(path))
            except AudioError as error:
                findings.add("audio files that cannot be read", str(error))
            else:
                rows[name] = (" ".join(text.split()), f"{probability:.4f}")
            progress.advance(1)
            if number % SHARE == 0 or number == len(left):
                _write(table, rows)
    silent = (name for name, (text, _) in rows.items() if not transcript_words(text))
    findings.add_all("recordings in which no words are heard", silent)
    return findings


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
