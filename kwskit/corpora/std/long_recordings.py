"""Recordings to search: any folder of audio as it is, or its utterances joined."""

import re
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pyarrow as pa
import soundfile

from kwskit.atomic_write import atomic_write
from kwskit.constants import SAMPLE_RATE
from kwskit.corpora.alignments.read import ALIGNED, POSITION
from kwskit.corpora.findings import Findings
from kwskit.corpora.utterances import SECONDS, UTTERANCES
from kwskit.data.audio import OVERHANG, AudioError, probe, read_blocks
from kwskit.data.audio_folder import audio_below
from kwskit.errors import CorpusError

PAUSE = 0.5  # s between joined utterances
LIBRISPEECH = re.compile(r"(\d+)-\d+-\d+")
# What utterances are joined to: the name of the recording that a file belongs to.
JOINS: dict[str, Callable[[str, str], str]] = {
    "none": lambda stem, path: stem,
    "chapter": lambda stem, path: stem.rpartition("-")[0] or stem,
    "folder": lambda stem, path: Path(path).parent.name,
}


def audio_files(corpus: Path, findings: Findings, without: Path | None = None) -> pa.Table:
    """All audio files below ``corpus``: the columns ``UTTERANCES``; the utterance is the file's stem.

    The speaker is that of a LibriSpeech name (``<speaker>-<chapter>-<nnnn>``), else the recording itself.

    Parameters
    ----------
    corpus : the folder
    findings : takes files whose stem another file has
    without : a folder below it that is passed over

    Raises
    ------
    CorpusError
        When the folder cannot be read or holds no audio.
    """
    if not corpus.is_dir():
        raise CorpusError(f"{corpus}: no such folder of recordings")
    found: dict[str, str] = {}
    below = audio_below(corpus, without)
    for closed in below.closed.values():
        raise CorpusError(closed)
    below.note(findings.add_all)
    for path in below.files:
        if path.stem in found:
            findings.add("audio files of a name that is there already", str(path))
        else:
            found[path.stem] = str(path)
    if not found:
        raise CorpusError(f"{corpus}: holds no audio at any depth")
    stems = list(found)
    matches = [LIBRISPEECH.fullmatch(stem) for stem in stems]
    speakers = [match[1] if match else stem for match, stem in zip(matches, stems, strict=True)]
    return pa.table([stems, list(found.values()), speakers, [""] * len(stems)], schema=pa.schema(UTTERANCES))


def joined(
    utterances: pa.Table, aligned: pa.Table, join: str, folder: Path, findings: Findings, jobs: int
) -> tuple[pa.Table, pa.Table]:
    """Recordings, and the alignments in their times.

    Every file is decoded once, so that none turns out to be damaged in the middle of a search.

    Parameters
    ----------
    utterances : the columns ``UTTERANCES`` and ``seconds``
    aligned : the columns ``ALIGNED``, and ``position``
    join :
        ``none`` for recordings as they are; ``chapter`` joins files ``<recording>-<nnnn>``, ``folder`` those of a
        folder, in the order of their names with pauses of half a second between them
    folder : where joined recordings are written, as FLAC
    findings : takes files that cannot be decoded
    jobs : threads

    Returns
    -------
    ``utterances`` of the recordings, with their new paths and lengths; ``aligned``, whose utterances are recordings
    """
    groups: dict[str, list[dict]] = {}
    for row in utterances.to_pylist():
        groups.setdefault(JOINS[join](row["utterance"], row["path"]), []).append(row)
    with ThreadPoolExecutor(max(1, jobs)) as threads:
        made = list(threads.map(lambda name: _recording(name, groups[name], join, folder), groups))
    rows: list[dict] = []
    offsets: dict[str, tuple[str, float, float]] = {}
    for (name, members), (path, places, broken) in zip(groups.items(), made, strict=True):
        findings.add_all("audio files that cannot be decoded", broken)
        if places:
            end, speaker = max(stop for _, stop in places.values()), members[0]["speaker"]
            rows.append({"utterance": name, "path": path, "speaker": speaker, "split": "", "seconds": end})
            offsets |= {member: (name, *place) for member, place in places.items()}
    table = pa.Table.from_pylist(rows, schema=pa.schema(UTTERANCES | SECONDS))
    return table, _shifted(aligned, offsets, findings)


def _recording(
    name: str, members: Sequence[dict], join: str, folder: Path
) -> tuple[str, dict[str, tuple[float, float]], list[str]]:
    """Path of a recording, where in it each member is, and why others are not."""
    pieces: list[np.ndarray] = []
    places: dict[str, tuple[float, float]] = {}
    broken, at = [], 0
    for member in sorted(members, key=lambda row: row["utterance"]):
        try:
            blocks = [block[: None if join != "none" else 0] for block in read_blocks(member["path"])]
        except (AudioError, OSError) as error:
            broken.append(str(error))
            continue
        if join == "none":
            return member["path"], {member["utterance"]: (0.0, member["seconds"])}, []
        pieces += [np.zeros(round(PAUSE * SAMPLE_RATE), np.int16)] * bool(pieces)
        at += len(pieces[-1]) if pieces else 0
        length = sum(map(len, blocks))
        places[member["utterance"]] = (at / SAMPLE_RATE, (at + length) / SAMPLE_RATE)
        pieces, at = [*pieces, *blocks], at + length
    path = folder / f"{name}.flac"
    if places and not _is_there(path, at / SAMPLE_RATE):
        with atomic_write(path) as partial:
            soundfile.write(partial, np.concatenate(pieces), SAMPLE_RATE, format="FLAC", subtype="PCM_16")
    return str(path), places, broken


def _is_there(path: Path, seconds: float) -> bool:
    try:
        return path.is_file() and abs(probe(path)[1] - seconds) < 0.5 / SAMPLE_RATE
    except AudioError:
        return False


def _shifted(aligned: pa.Table, offsets: dict[str, tuple[str, float, float]], findings: Findings) -> pa.Table:
    """``aligned`` in the times of the recordings; words past the end of their utterance become findings."""
    rows = []
    recording, utterance, before, position = "", "", 0, 0
    for row in aligned.to_pylist():
        if row["utterance"] not in offsets:
            continue
        name, begin, end = offsets[row["utterance"]]
        start, stop = begin + row["start"], begin + row["stop"]
        if not begin <= start < stop <= end + OVERHANG:
            example = f"{row['utterance']}: '{row['word']}' ends at {row['stop']:g} s of {end - begin:g} s"
            findings.add("alignments past the end of their audio", example)
            continue
        # Positions of neighbours differ by 1; no phrase goes on from one utterance into the next.
        step = row["position"] - before if utterance == row["utterance"] else 2
        position = position + step if recording == name else 0
        recording, utterance, before = name, row["utterance"], row["position"]
        rows.append((name, start, min(stop, end), row["word"], position))
    columns = zip(*rows, strict=True) if rows else ([] for _ in range(5))
    return pa.table([list(column) for column in columns], schema=pa.schema(ALIGNED | POSITION))
