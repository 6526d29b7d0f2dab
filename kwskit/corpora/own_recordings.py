"""Recordings that somebody made of some words: who speaks, and whose are kept for a test."""

import re
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from kwskit.corpora.findings import Findings
from kwskit.data.word_folder import words_from_folder
from kwskit.errors import CorpusError

BY_FOLDER = "folder"
SHARE = 5  # one speaker in so many is kept for the test, or one recording


def own_recordings(source: Path, speaker: str, findings: Findings, on_bad: str = "skip") -> pa.Table:
    """A manifest table of recorded words with their speakers.

    Parameters
    ----------
    source : as :func:`~kwskit.data.word_folder.words_from_folder` reads it; speakers that a TSV names stay
    speaker : ``folder``, the folder between the word's and the file, where there is one; or a regular expression whose
        first group is the speaker in the file's name (without its suffix)
    findings : takes recordings whose names the expression does not fit, which are left out
    on_bad : what files that cannot be read do: ``skip`` or ``stop``

    Raises
    ------
    CorpusError
        For an expression that is none, has no group, or fits no name.
    kwskit.data.records.RecordError, kwskit.data.audio.AudioError
        As ``words_from_folder``.
    """
    named = _expression(speaker)
    table = words_from_folder(source, on_bad)
    speakers, odd = [], []
    for path, utt_id, given in zip(*(table[name].to_pylist() for name in ("path", "utt_id", "speaker")), strict=True):
        if not given and named is not None:
            found = named.search(Path(path).stem)
            given = found[1] if found and found[1] else None
        elif not given and source.is_dir():
            given = "/".join(Path(utt_id).parts[1:-1])  # of word/speaker/file
        speakers.append(given)
        if given is None:
            odd.append(path)
    if len(odd) == len(table):
        raise CorpusError(
            f"--speaker '{speaker}' fits none of the {len(odd)} names, e.g. {Path(odd[0]).stem}; it is a regular "
            "expression whose first group is the speaker, such as '_([a-z]+)_' for 7_jackson_32.wav"
        )
    findings.add_all(f"recordings whose name has no speaker by '{speaker}'", odd)
    table = table.set_column(table.column_names.index("speaker"), "speaker", pa.array(speakers, pa.string()))
    return table.filter(pc.is_valid(table["speaker"]))


def held_out(table: pa.Table, speakers: int | None, seed: int) -> tuple[NDArray[np.bool_], str]:
    """Which recordings (N,) are kept for the test, and how they were chosen, in words.

    Parameters
    ----------
    table : of :func:`own_recordings`
    speakers : so many, drawn with ``seed``; 0 for no test; by default a fifth of them where all are known and there are
        two at least, and else a fifth of each word's recordings
    seed : of the draw

    Raises
    ------
    CorpusError
        When ``speakers`` are not all known, or there are not more of them.
    """
    rng = np.random.default_rng(seed)
    speaker_of = np.asarray(table["speaker"].to_pylist(), dtype=object)
    voices = sorted(set(speaker_of))
    known = "" not in voices
    if speakers == 0:
        return np.zeros(len(speaker_of), bool), "nothing is kept for a test"
    if speakers is None and (not known or len(voices) < 2):
        return _some_of_each(table["word"].to_pylist(), rng), (
            f"one in {SHARE} recordings of each word is kept for the test: THE SAME PEOPLE may speak in both, which "
            "promises too much; --speaker tells who speaks"
        )
    if not known:
        raise CorpusError(
            f"--split_speakers {speakers}: of {int((speaker_of == '').sum())} recordings the speaker is not known: "
            "put them into a folder for each below the word's, or tell it from their names with --speaker"
        )
    count = max(1, round(len(voices) / SHARE)) if speakers is None else speakers
    if count >= len(voices):
        raise CorpusError(f"--split_speakers {count}: there are {len(voices)} speakers, and some have to be trained on")
    chosen = sorted(rng.choice(len(voices), count, replace=False))
    test = [voices[place] for place in chosen]
    shown = ", ".join(test[:8]) + (", …" if len(test) > 8 else "")
    return np.isin(speaker_of, test), f"{count} of {len(voices)} speakers are kept for the test: {shown}"


def _some_of_each(words: list[str], rng: np.random.Generator) -> NDArray[np.bool_]:
    """One in ``SHARE`` recordings of each word, at least one; of a word with one recording none."""
    test = np.zeros(len(words), bool)
    said = np.asarray(words, dtype=object)
    for word in sorted(set(words)):
        rows = np.flatnonzero(said == word)
        count = min(max(1, round(len(rows) / SHARE)), len(rows) - 1)
        test[rng.choice(rows, count, replace=False)] = True
    return test


def _expression(speaker: str) -> re.Pattern[str] | None:
    """The compiled expression; None for speakers by folder."""
    if speaker == BY_FOLDER:
        return None
    try:
        found = re.compile(speaker)
    except re.error as error:
        raise CorpusError(f"--speaker '{speaker}': no regular expression: {error}") from error
    if not found.groups:
        raise CorpusError(f"--speaker '{speaker}': the speaker is its first group, and it has none: put it in ( )")
    return found
