"""The Wall Street Journal corpora CSR-I and CSR-II (LDC93S6, LDC94S13), as LDC's discs have them.

``<disc>/wsj0/si_et_20/440/440c0401.wv1`` (also without the discs' folders, and in capitals): the set, the speaker, the
utterance; ``.wv1`` is the head-mounted microphone and ``.wv2`` the other one, SPHERE, mostly compressed by shorten. An
utterance's name is ``SSSTEEUU``: speaker, type, session, number.
"""

import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from kwskit.corpora.file_jobs import over_files
from kwskit.corpora.findings import Findings
from kwskit.corpora.sphere.read import is_sphere, read_sphere_header
from kwskit.corpora.utterances import UTTERANCES
from kwskit.data.audio import AudioError, probe
from kwskit.errors import CorpusError

NAME = re.compile(r"[0-9a-z]{3}[a-z][0-9a-z]{4}")
# Copies that somebody has converted are taken before the original.
CONVERTED = (".wav", ".flac")
# In wsj0's index of training sentences, but on no disc.
ABSENT = "si_tr_s/401/"


def wsj_utterances(root: Path, sets: Sequence[str], findings: Findings, microphone: int = 1) -> pa.Table:
    """The utterances of ``sets``: the columns ``UTTERANCES`` (``split`` is the set), in the order of their names.

    Parameters
    ----------
    root : folder of one or several discs, or any folder above or below them
    sets : names of folders (``si_et_20``), or index files of the discs (``…/si_et_20.ndx``)
    findings : takes utterances of an index that are not there, and those that are there twice
    microphone : 1 or 2

    Raises
    ------
    CorpusError
        When a folder cannot be read, or a set has no audio.
    """
    found = _audio(Path(root), microphone)
    rows: dict[str, tuple[Path, str]] = {}
    for name in sets:
        if Path(name).is_file():
            wanted = _index(Path(name))
            missing = [utt for utt in wanted if utt not in found]
            if len(missing) == len(wanted):
                raise CorpusError(f"{name}: none of its {len(wanted):,} utterances is in {root}, e.g. {missing[:2]}")
            findings.add_all("utterances of an index that are not on the discs", (f"{name}: {utt}" for utt in missing))
            chosen = {utt: found[utt] for utt in wanted if utt in found}
        else:
            chosen = {utt: files for utt, files in found.items() if _is_in(files[0], name)}
        if not chosen:
            raise CorpusError(
                f"WSJ: no audio of the set {name} in {root}: expected files like wsj0/{name}/440/440c0401.wv1; "
                f"{_set_names(found)}"
            )
        for utt, files in chosen.items():
            if len({path.parent for path in files if path.suffix.lower() not in CONVERTED}) > 1:
                findings.add("utterances that are there twice", f"{files[1]} and {files[0]}")
            rows[utt] = (files[0], Path(name).stem)
    names = sorted(rows)
    columns = [names, [str(rows[utt][0]) for utt in names], [utt[:3] for utt in names], [rows[utt][1] for utt in names]]
    return pa.table([pa.array(column, pa.string()) for column in columns], schema=pa.schema(UTTERANCES))


def wsj_lengths(utterances: pa.Table, findings: Findings, jobs: int = 1) -> pa.Table:
    """``utterances`` with the column ``seconds`` from the headers: SPHERE's own, so that nothing is decompressed.

    Parameters
    ----------
    utterances : the columns ``UTTERANCES``
    findings : takes files that are empty, truncated or unreadable; they are missing in the result
    jobs : processes

    Raises
    ------
    CorpusError
        When no file at all can be used.
    """
    seconds: list[float | None] = []
    for lengths, unreadable in over_files(_lengths, [Path(p) for p in utterances["path"].to_pylist()], jobs, "headers"):
        seconds += lengths
        findings.add_all("audio files that cannot be read", unreadable)
    column = pa.array(seconds, pa.float64(), from_pandas=True)
    if column.null_count == len(column):
        raise CorpusError(f"WSJ: none of {len(column):,} audio files can be read:\n{findings.summary()}")
    table = utterances.append_column("seconds", column)
    return table.filter(pc.is_valid(table["seconds"]))


def drawn_segments(table: pa.Table, segments: int, words: int, seed: int) -> pa.Table:
    """At most ``segments`` rows of ``table``, of at most ``words`` words, each word at least once; in their order.

    Words are drawn uniformly, then their segments. ADML's list (3.2k words, 18k segments) is unpublished, hence the
    seed.

    Raises
    ------
    ValueError
        When fewer segments than words are asked for.
    """
    coded = table["word"].combine_chunks().dictionary_encode()
    codes = coded.indices.to_numpy(zero_copy_only=False)
    alphabetical = np.argsort(np.asarray(coded.dictionary.to_pylist(), dtype=str))
    words = min(words, len(alphabetical))
    if segments < words:
        raise ValueError(f"--segments {segments} are fewer than --words {words}")
    rng = np.random.default_rng(seed)
    drawn = np.isin(codes, alphabetical[rng.permutation(len(alphabetical))[:words]])
    shuffled = rng.permutation(np.flatnonzero(drawn))
    # Of each word, whichever segment comes first; then whatever comes first.
    _, first = np.unique(codes[shuffled], return_index=True)
    rest = np.delete(shuffled, first)[: segments - len(first)]
    return table.take(pa.array(np.sort(np.concatenate([shuffled[first], rest]))))


def _audio(root: Path, microphone: int) -> dict[str, list[Path]]:
    """Audio files of each utterance, the one to take first."""
    if not root.is_dir():
        raise CorpusError(f"WSJ: {root}: no such folder")
    suffixes = (*CONVERTED, f".wv{microphone}")

    def refuse(error: OSError) -> None:
        raise CorpusError(f"WSJ: {error.filename}: cannot be read: {error.strerror}") from error

    found: dict[str, list[Path]] = {}
    for folder, _, names in os.walk(root.absolute(), onerror=refuse, followlinks=True):
        for name in names:
            stem, suffix = os.path.splitext(name.lower())
            if suffix in suffixes and NAME.fullmatch(stem):
                found.setdefault(stem, []).append(Path(folder, name))
    for files in found.values():
        files.sort(key=lambda path: (suffixes.index(path.suffix.lower()), str(path)))
    return found


def _is_in(path: Path, name: str) -> bool:
    return name.lower() in (part.lower() for part in path.parts)


def _set_names(found: dict[str, list[Path]]) -> str:
    """Which sets there are: folders two above the files, or those that are named so."""
    sets = {
        part.lower() for files in found.values() for part in files[0].parts if re.match(r"s[id]_\w+$", part.lower())
    }
    if sets:
        return f"it has {', '.join(sorted(sets))}"
    return f"it has {len(found):,} WSJ audio files" + ("" if found else ": is it the folder of the discs?")


def _index(path: Path) -> list[str]:
    """Utterances of an .ndx file: ``11_14_1:wsj0/si_et_20/440/440c0401.wv1``, some without suffix; ``;`` comments."""
    names = []
    try:
        lines = path.read_text(encoding="latin-1").lower().splitlines()
    except OSError as error:
        raise CorpusError(f"{path}: cannot be read: {error.strerror}") from error
    for number, line in enumerate(lines, 1):
        entry = line.strip()
        if not entry or entry.startswith(";") or ABSENT in entry:
            continue
        stem = entry.rpartition("/")[2].partition(".")[0]
        if not NAME.fullmatch(stem):
            raise CorpusError(f"{path}: line {number}: expected 11_14_1:wsj0/si_et_20/440/440c0401.wv1, found {line!r}")
        names.append(stem)
    if not names:
        raise CorpusError(f"{path}: an index without utterances")
    return names


def _lengths(files: Iterable[Path]) -> tuple[list[float | None], list[str]]:
    seconds: list[float | None] = []
    unreadable = []
    for file in files:
        try:
            seconds.append(read_sphere_header(file).seconds if is_sphere(file) else probe(file)[1])
        except (AudioError, OSError) as error:
            seconds.append(None)
            unreadable.append(str(error))
    return seconds, unreadable
