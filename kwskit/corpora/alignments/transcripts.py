"""What is said in each utterance, in the forms in which corpora keep it."""

import csv
import io
import re
from collections.abc import Iterator
from pathlib import Path

from kwskit.errors import CorpusError
from kwskit.text.normal_form import normal_form
from kwskit.text_file import TextFileError, read_text

TABLE = "text.tsv"  # of a folder of transcribed recordings
NAMES = ("audio_filename", "utterance", "file", "path")
TEXTS = ("text", "transcript", "sentence")


def read_transcripts(path: Path) -> dict[str, list[str]]:
    """The words of each utterance, in their normal form, those with hyphens or dots in parts.

    Where all transcripts are in capitals, these say nothing.

    Parameters
    ----------
    path :
        a CSV or TSV with a column of names (``audio_filename``, ``utterance``, ``file`` or ``path``) and one of texts
        (``text``, ``transcript`` or ``sentence``); any other file has lines ``utterance words…`` (LibriSpeech's
        ``.trans.txt``, Kaldi's ``text``); or a folder that holds ``text.tsv``, such a table, or is searched for
        ``*.trans.txt`` and for one file an utterance, ``<utterance>.lab`` or ``<utterance>.txt``

    Raises
    ------
    CorpusError
        When there is nothing there, or it is not text in UTF-8.
    """
    path = Path(path)
    found = {}
    try:
        texts = dict(_of_folder(path) if path.is_dir() else _of_file(path))
    except TextFileError as error:
        raise CorpusError(f"transcripts: {error}") from error
    except OSError as error:
        raise CorpusError(f"{error.filename or path}: transcripts cannot be read: {error.strerror}") from error
    loud = not any(char.islower() for text in texts.values() for char in text)  # capitals say nothing then
    for utterance, text in texts.items():
        if words := transcript_words(text.lower() if loud else text):
            found[utterance] = words
    if not found:
        raise CorpusError(f"{path}: no transcripts: expected text.tsv, *.trans.txt, *.lab, or lines 'utterance words…'")
    return found


def transcript_words(text: str) -> list[str]:
    """The words of a transcript, as :func:`read_transcripts` gives them; empty where nothing of it can be said."""
    # Aligners spell words of letters and apostrophes.
    return [part for part in re.split(r"[\s.\-]+", normal_form(text)) if any(map(str.isalpha, part))]


def _of_folder(folder: Path) -> Iterator[tuple[str, str]]:
    if (folder / TABLE).is_file():
        yield from _of_file(folder / TABLE)
        return
    for file in sorted(folder.rglob("*")):
        if file.name.endswith(".trans.txt"):
            yield from _of_lines(file)
        elif file.suffix in (".lab", ".txt") and file.is_file():
            yield file.stem, read_text(file)


def _of_file(file: Path) -> Iterator[tuple[str, str]]:
    if file.suffix not in (".csv", ".tsv"):
        yield from _of_lines(file)
        return
    source = io.StringIO(read_text(file))
    if file.suffix == ".csv":
        rows = csv.DictReader(source)
    else:
        rows = csv.DictReader(source, delimiter="\t", quoting=csv.QUOTE_NONE)
    columns = rows.fieldnames or []
    name = next((column for column in NAMES if column in columns), None)
    text = next((column for column in TEXTS if column in columns), None)
    if name is None or text is None:
        raise CorpusError(f"{file}: line 1: expected columns such as file and text, found {', '.join(columns)}")
    for row in rows:
        yield Path(row[name] or "").stem, row[text] or ""


def _of_lines(file: Path) -> Iterator[tuple[str, str]]:
    for line in read_text(file).split("\n"):
        utterance, _, text = line.strip().partition(" ")
        yield utterance, text
