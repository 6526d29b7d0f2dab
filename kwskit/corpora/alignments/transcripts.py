"""What is said in each utterance, in the forms in which corpora keep it."""

import csv
from collections.abc import Iterator
from pathlib import Path

from kwskit.errors import CorpusError
from kwskit.text.normalise import normalise
from kwskit.text.unpronounceable import UnpronounceableText

NAMES = ("audio_filename", "utterance", "file", "path")
TEXTS = ("text", "transcript", "sentence")


def read_transcripts(path: Path) -> dict[str, list[str]]:
    """The words of each utterance, in lower case, without punctuation, numbers spelt out.

    Parameters
    ----------
    path :
        a CSV or TSV with a column of names (``audio_filename``, ``utterance``, ``file`` or ``path``) and one of texts
        (``text``, ``transcript`` or ``sentence``); any other file has lines ``utterance words…`` (LibriSpeech's
        ``.trans.txt``, Kaldi's ``text``); or a folder that is searched for ``*.trans.txt`` and for one file an
        utterance, ``<utterance>.lab`` or ``<utterance>.txt``

    Raises
    ------
    CorpusError
        When there is nothing there, or it is not text in UTF-8.
    """
    path = Path(path)
    found = {}
    try:
        for utterance, text in _of_folder(path) if path.is_dir() else _of_file(path):
            words = [word for token in text.split() for word in _words(token)]
            if words:
                found[utterance] = words
    except UnicodeDecodeError as error:
        raise CorpusError(f"{path}: transcripts are not text in UTF-8: {error.reason}") from error
    except OSError as error:
        raise CorpusError(f"{error.filename or path}: transcripts cannot be read: {error.strerror}") from error
    if not found:
        raise CorpusError(f"{path}: no transcripts: expected *.trans.txt, *.lab, or lines 'utterance words…'")
    return found


def _of_folder(folder: Path) -> Iterator[tuple[str, str]]:
    for file in sorted(folder.rglob("*")):
        if file.name.endswith(".trans.txt"):
            yield from _of_lines(file)
        elif file.suffix in (".lab", ".txt") and file.is_file():
            yield file.stem, file.read_text(encoding="utf-8-sig")


def _of_file(file: Path) -> Iterator[tuple[str, str]]:
    if file.suffix not in (".csv", ".tsv"):
        yield from _of_lines(file)
        return
    with file.open(encoding="utf-8-sig", newline="") as source:
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
    with file.open(encoding="utf-8-sig") as source:
        for line in source:
            utterance, _, text = line.strip().partition(" ")
            yield utterance, text


def _words(token: str) -> list[str]:
    word = token.lower().replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")
    if any(char.isdigit() for char in word):
        try:
            return normalise(word)
        except UnpronounceableText:
            return []
    # Punctuation around a word and between words ("well--known") goes, an apostrophe within a word stays.
    plain = "".join(char if char.isalpha() or char == "'" else " " for char in word)
    return [part for part in (piece.strip("'") for piece in plain.split()) if part]
