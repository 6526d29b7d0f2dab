"""What is said in WSJ's utterances: ``.dot`` files, or ``.lsn`` where there are none; lines ``words (440c0401)``."""

import os
import re
from pathlib import Path

import pyarrow as pa

from kwskit.corpora.findings import Findings
from kwskit.errors import CorpusError

TRANSCRIPTS = {"utterance": pa.string(), "text": pa.string()}

_LINE = re.compile(r"(.*)\(([0-9a-z]{8})\)\s*", re.IGNORECASE)
_NOISE = re.compile(r"\[[^\]]*\]")  # [loud_breath], [chair_squeak/], [<door_slam]
_SAID_PUNCTUATION = re.compile(r"\W+([A-Z]+(?:-[A-Z]+)*)")  # ,COMMA  "DOUBLE-QUOTE  --DASH
_MARKS = re.compile(r"[*<>~:!\\]")  # mispronounced, stretched, stressed, cut off; escapes


def wsj_transcripts(root: Path, findings: Findings) -> pa.Table:
    """Every utterance with its words, in lower case: the columns ``utterance`` and ``text``.

    Noises and fragments of words are left out, punctuation that was spoken is a word.

    Parameters
    ----------
    root : folder of the discs
    findings : takes lines that are no transcript, and utterances without words

    Raises
    ------
    CorpusError
        When a folder or file cannot be read, or there are no transcripts.
    """

    def refuse(error: OSError) -> None:
        raise CorpusError(f"WSJ: {error.filename}: cannot be read: {error.strerror}") from error

    files: dict[str, list[Path]] = {".dot": [], ".lsn": []}
    for folder, folders, names in os.walk(root, onerror=refuse, followlinks=True):
        folders.sort()
        for name in sorted(names):
            if (suffix := os.path.splitext(name)[1].lower()) in files:
                files[suffix].append(Path(folder, name))
    texts: dict[str, str] = {}
    for path in files[".lsn"] + files[".dot"]:  # .dot is the more exact, and overrules
        try:
            lines = path.read_text(encoding="latin-1").splitlines()
        except OSError as error:
            raise CorpusError(f"WSJ: {path}: cannot be read: {error.strerror}") from error
        for number, line in enumerate(lines, 1):
            match = _LINE.fullmatch(line)
            if match:
                texts[match[2].lower()] = spoken_words(match[1])
            elif line.strip():
                findings.add("lines that are no transcript", f"{path}: line {number}: {line[:60]!r}")
    if not texts:
        raise CorpusError(
            f"WSJ: no transcripts (*.dot, *.lsn) in {root}: are the discs 11-4.1, 11-14.1, 13-34.1 there?"
        )
    findings.add_all(
        "utterances in whose transcript there is no word", (utt for utt, text in texts.items() if not text)
    )
    spoken = sorted((utt, text) for utt, text in texts.items() if text)
    return pa.table([list(column) for column in zip(*spoken, strict=True)], schema=pa.schema(TRANSCRIPTS))


def spoken_words(line: str) -> str:
    """The words of a line of a ``.dot`` file."""
    words: list[str] = []
    for token in _NOISE.sub(" ", line).split():
        if punctuation := _SAID_PUNCTUATION.fullmatch(token):
            words += punctuation[1].lower().split("-")
            continue
        word = _MARKS.sub("", token)
        if "(" in word or ")" in word or word.startswith("-") or word.endswith("-"):
            continue  # fran(cisco)- was not spoken whole
        word = word.strip('.,;?"`').lower()
        if any(char.isalnum() for char in word):
            words.append(word)
    return " ".join(words)
