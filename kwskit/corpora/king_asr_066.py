"""King-ASR-066 (Speechocean): read English of many speakers, over several channels.

The layout is a reconstruction, from what public recipes for Speechocean's corpora tell; the corpus itself is licensed::

    DATA/CHANNEL0/WAVE/SPEAKER0001/SESSION0/000010001.WAV     channel, speaker (4), session, utterance (3)
    DATA/CHANNEL0/SCRIPT/000010.TXT                           channel, speaker, session; two lines an utterance:
        000010001<TAB>Call me at nine, please.                    as it was prompted
        <TAB>call me at nine please <SPK/>                        as it was spoken
    TABLE/SPEAKER.TXT                                         SCD, SEX, AGE, ACC, a line a speaker
"""

import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from kwskit.corpora.file_jobs import over_files
from kwskit.corpora.findings import Findings
from kwskit.corpora.utterances import UTTERANCES
from kwskit.errors import CorpusError

NAME = re.compile(r"(?P<channel>\d)(?P<speaker>\d{4})(?P<session>\d)\d{3}")
TRANSCRIPTS = {"utterance": pa.string(), "text": pa.string()}
ENCODINGS = ("utf-8-sig", "utf-16", "cp1252")

# Noise of the speaker, intermittent and stationary noise, fillers, other speakers; ** is unintelligible.
_MARKS = re.compile(r"<[A-Z]+/>|\*\*")


def king_utterances(root: Path, channels: Sequence[int], findings: Findings) -> pa.Table:
    """The utterances of ``channels``: the columns ``UTTERANCES`` (``split`` is the channel), in the order of names.

    Parameters
    ----------
    root : the folder that holds ``DATA``
    channels : e.g. ``[0]``
    findings : takes files that are not named as their folder says, and speakers that ``TABLE/SPEAKER.TXT`` lacks

    Raises
    ------
    CorpusError
        When a channel has no audio, or a folder cannot be read.
    """
    rows: list[tuple[str, str, str, str]] = []
    for channel in channels:
        folder = root / "DATA" / f"CHANNEL{channel}" / "WAVE"
        if not folder.is_dir():
            there = ", ".join(sorted(path.name for path in (root / "DATA").glob("CHANNEL*"))) or "nothing"
            raise CorpusError(f"King-ASR-066: {folder}: no such folder; DATA has {there}")
        before = len(rows)
        for path in _wave_files(folder):
            stem = path.stem
            parts = NAME.fullmatch(stem)
            if not parts or path.parts[-3:-1] != (f"SPEAKER{parts['speaker']}", f"SESSION{parts['session']}"):
                findings.add("audio files that are not named as their folder says", str(path))
            elif parts["channel"] != str(channel):
                findings.add("audio files of another channel than their folder's", str(path))
            else:
                rows.append((stem, str(path.absolute()), parts["speaker"], f"channel{channel}"))
        if len(rows) == before:
            raise CorpusError(
                f"King-ASR-066: {folder}: no audio: expected files like SPEAKER0001/SESSION0/{channel}00010001.WAV"
            )
    rows.sort()
    columns = [list(column) for column in zip(*rows, strict=True)]
    table = pa.table([pa.array(column, pa.string()) for column in columns], schema=pa.schema(UTTERANCES))
    speakers = _speakers(root / "TABLE" / "SPEAKER.TXT", findings)
    if speakers is not None:
        unknown = table.filter(pc.invert(pc.is_in(table["speaker"], pa.array(sorted(speakers), pa.string()))))
        examples = (f"SPEAKER{speaker} (utterances like {utt})" for utt, speaker in _first_of_each(unknown))
        findings.add_all("speakers that TABLE/SPEAKER.TXT lacks", examples)
    return table


def king_transcripts(root: Path, channels: Sequence[int], findings: Findings, jobs: int = 1) -> pa.Table:
    """What is said in the utterances of ``channels``: ``utterance`` and ``text``, lower case, no marks of noise.

    Parameters
    ----------
    root : the folder that holds ``DATA``
    channels : e.g. ``[0]``
    findings : takes scripts and lines that cannot be read, and utterances without words
    jobs : processes

    Raises
    ------
    CorpusError
        When there are no scripts.
    """
    files = [
        file for c in channels for file in sorted((root / "DATA" / f"CHANNEL{c}" / "SCRIPT").glob("*.[Tt][Xx][Tt]"))
    ]
    if not files:
        raise CorpusError(f"King-ASR-066: {root}/DATA/CHANNEL{channels[0]}/SCRIPT: no scripts like 000010.TXT")
    names: list[str] = []
    texts: list[str] = []
    for found, wrong in over_files(_scripts, files, jobs, "read scripts"):
        for name, text in found:
            if text:
                names.append(name)
                texts.append(text)
            else:
                findings.add("utterances in whose script there is no word", name)
        findings.add_all("lines of scripts that cannot be read", wrong)
    return pa.table([pa.array(names, pa.string()), pa.array(texts, pa.string())], schema=pa.schema(TRANSCRIPTS))


def spoken_words(line: str) -> str:
    """A line of a script as words: no marks, no punctuation but apostrophes within words, lower case."""
    text = re.sub(r"[^\w\s']", " ", _MARKS.sub(" ", line))
    words = (word.strip("'_") for word in text.lower().split())
    return " ".join(word for word in words if word)


def _wave_files(folder: Path) -> Iterable[Path]:
    def refuse(error: OSError) -> None:
        raise CorpusError(f"King-ASR-066: {error.filename}: cannot be read: {error.strerror}") from error

    for place, folders, names in os.walk(folder, onerror=refuse):
        folders.sort()
        yield from (Path(place, name) for name in sorted(names) if name.lower().endswith(".wav"))


def _speakers(path: Path, findings: Findings) -> set[str] | None:
    """Speakers of the table, None where there is none."""
    if not path.is_file():
        return None
    lines = _text(path).splitlines()
    if not lines or not lines[0].upper().startswith("SCD"):
        findings.add("tables that cannot be read", f"{path}: line 1: expected SCD, SEX, AGE, ACC: {lines[:1]}")
        return None
    return {line.split("\t")[0].strip() for line in lines[1:] if line.strip()}


def _first_of_each(table: pa.Table) -> list[tuple[str, str]]:
    first: dict[str, str] = {}
    for utt, speaker in zip(table["utterance"].to_pylist(), table["speaker"].to_pylist(), strict=True):
        first.setdefault(speaker, utt)
    return [(utt, speaker) for speaker, utt in first.items()]


def _scripts(files: Sequence[Path]) -> tuple[list[tuple[str, str]], list[str]]:
    """Utterances with their words, and what could not be read."""
    found: list[tuple[str, str]] = []
    wrong: list[str] = []
    for file in files:
        try:
            lines = _text(file).splitlines()
        except (OSError, CorpusError) as error:
            wrong.append(f"{file}: {error}")
            continue
        name, prompted = "", ""
        for number, line in enumerate(lines, 1):
            head, tab, said = line.partition("\t")
            if not line.strip():
                continue
            if head.strip() and tab:
                if name:
                    found.append((name, spoken_words(prompted)))
                name, prompted = head.strip(), said
                if not NAME.fullmatch(name):
                    wrong.append(f"{file}: line {number}: expected 000010001<TAB>text, found {line[:60]!r}")
                    name = ""
            elif tab and name:
                found.append((name, spoken_words(said)))
                name = ""
            else:
                wrong.append(f"{file}: line {number}: expected 000010001<TAB>text or <TAB>text, found {line[:60]!r}")
        if name:
            found.append((name, spoken_words(prompted)))
    return found, wrong


def _text(path: Path) -> str:
    content = path.read_bytes()
    for encoding in ENCODINGS:
        try:
            # Almost any bytes are UTF-16: only with its byte order mark.
            if encoding != "utf-16" or content[:2] in (b"\xff\xfe", b"\xfe\xff"):
                return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise CorpusError(f"{path}: in none of the encodings {', '.join(ENCODINGS)}")
