"""LibriSpeech as published: ``<part>/<speaker>/<chapter>/<speaker>-<chapter>-<nnnn>.flac`` (Panayotov et al. 2015)."""

import os
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa

from kwskit.corpora.findings import Findings
from kwskit.corpora.locate import corpus_root
from kwskit.corpora.utterances import UTTERANCES
from kwskit.errors import CorpusError
from kwskit.text_file import read_text

SPEAKERS = "SPEAKERS.TXT"
SUFFIXES = (".flac", ".wav", ".opus")
# Mini LibriSpeech (OpenSLR 31) has parts of these parts, and their list of speakers.
MINI = {"train-clean-5": "train-clean-100", "dev-clean-2": "dev-clean"}
_UTTERANCE = re.compile(r"(\d+)-\d+-\d+\.\w+")


def read_librispeech(corpus: Path, parts: Sequence[str], findings: Findings) -> pa.Table:
    """The utterances of ``parts``: the columns ``UTTERANCES``, in the order of parts and names; ``split`` is the part.

    A part may hold some of its speakers only. Files are taken wherever they lie below their part, as FLAC or, where
    somebody has converted them, as WAV or Opus.

    Parameters
    ----------
    corpus : the folder that holds the parts, or the folder above it
    parts : such as ``train-clean-100``, or ``train-clean-5`` of mini LibriSpeech
    findings :
        takes files whose names are no LibriSpeech names, and all utterances of speakers that ``SPEAKERS.TXT``, where
        there is one, lacks or has in a part other than that of the folder

    Raises
    ------
    CorpusError
        When a part is missing or holds no utterance, or the folder is of another level (:func:`corpus_root`).
    """
    if not parts:
        raise CorpusError("LibriSpeech: no part is named, such as train-clean-100")
    root = corpus_root(corpus, parts, "LibriSpeech").absolute()
    known = read_speakers(root / SPEAKERS) if (root / SPEAKERS).exists() else None
    rows: list[tuple[str, str, str, str]] = []
    for part in dict.fromkeys(parts):
        found = _utterances(root / part, part, findings)
        if not found:
            raise CorpusError(
                f"LibriSpeech: {root / part} holds no <speaker>/<chapter>/<speaker>-<chapter>-<nnnn>.flac"
            )
        rows += found if known is None else _of_known_speakers(found, known, findings)
    columns = zip(*rows, strict=True) if rows else ([] for _ in UTTERANCES)
    return pa.table([list(column) for column in columns], schema=pa.schema(UTTERANCES))


def read_speakers(path: Path) -> dict[str, str]:
    """Part of each speaker, from the lines ``14 | F | train-clean-360 | 25.03 | Name`` of ``SPEAKERS.TXT``.

    Raises
    ------
    CorpusError
        When a line is none of these, or there is no speaker.
    """
    speakers = {}
    lines = read_text(path).splitlines()
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.startswith(";"):
            continue
        fields = [field.strip() for field in line.split("|")]
        if len(fields) < 4 or not fields[0].isdigit():
            raise CorpusError(f"{path}: line {number}: expected 'ID | SEX | SUBSET | …', found {line[:80]!r}")
        speakers[fields[0]] = fields[2]
    if not speakers:
        raise CorpusError(f"{path}: names no speaker: is it a download that broke off?")
    return speakers


def hold_out_speakers(utterances: pa.Table, dev: int, test: int, seed: int) -> pa.Table:
    """``utterances`` with the column ``split`` anew: ``dev`` speakers for dev, ``test`` for test, the rest for train.

    The speakers are drawn with ``seed``, the same whatever else the corpus holds is in another order.

    Raises
    ------
    CorpusError
        When there are not so many speakers.
    """
    speakers = sorted(utterances["speaker"].unique().to_pylist())
    if dev < 0 or test < 0 or dev + test > len(speakers):
        raise CorpusError(f"{dev} speakers for dev and {test} for test: there are {len(speakers)} in all")
    drawn = [speakers[i] for i in np.random.default_rng(seed).permutation(len(speakers))]
    split = dict.fromkeys(drawn, "train") | dict.fromkeys(drawn[:dev], "dev")
    split |= dict.fromkeys(drawn[dev : dev + test], "test")
    column = pa.array([split[speaker] for speaker in utterances["speaker"].to_pylist()], pa.string())
    return utterances.set_column(utterances.column_names.index("split"), "split", column)


def _utterances(folder: Path, part: str, findings: Findings) -> list[tuple[str, str, str, str]]:
    """(utterance, path, speaker, part) of every audio file below ``folder``."""

    def refuse(error: OSError) -> None:
        raise CorpusError(f"LibriSpeech: {error.filename}: cannot be read: {error.strerror}") from error

    rows = []
    for where, folders, names in os.walk(folder, onerror=refuse, followlinks=True):
        folders.sort()
        for name in sorted(names):
            stem, suffix = os.path.splitext(name)
            if suffix not in SUFFIXES or name.startswith("."):
                continue
            path = os.path.join(where, name)
            if match := _UTTERANCE.fullmatch(name):
                rows.append((stem, path, match[1], part))
            else:
                findings.add("audio files whose names are none of LibriSpeech", path)
    return rows


def _of_known_speakers(
    rows: list[tuple[str, str, str, str]], known: dict[str, str], findings: Findings
) -> list[tuple[str, str, str, str]]:
    kept = []
    for utterance, path, speaker, part in rows:
        if speaker not in known:
            findings.add(f"utterances of speakers that {SPEAKERS} lacks", utterance)
        elif known[speaker] not in (part, MINI.get(part)):
            findings.add(f"utterances of speakers that {SPEAKERS} has in another part", f"{path}: {known[speaker]}")
        else:
            kept.append((utterance, path, speaker, part))
    return kept
