"""How long the files of a corpus are."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from kwskit.corpora.file_jobs import over_files
from kwskit.corpora.findings import Findings
from kwskit.data.audio import AudioError, probe
from kwskit.errors import CorpusError

UTTERANCES = {"utterance": pa.string(), "path": pa.string(), "speaker": pa.string(), "split": pa.string()}
SECONDS = {"seconds": pa.float64()}


def audio_lengths(utterances: pa.Table, jobs: int, findings: Findings) -> pa.Table:
    """``utterances`` with the column ``seconds`` from the files' headers, without those that cannot be read.

    Parameters
    ----------
    utterances : the columns ``UTTERANCES``; several of them may share a file
    jobs : processes
    findings : takes the files that are missing, empty or unreadable

    Raises
    ------
    CorpusError
        When no file at all can be read.
    """
    paths = utterances["path"].combine_chunks().dictionary_encode()
    files = [Path(path) for path in paths.dictionary.to_pylist()]
    seconds = np.full(len(files), np.nan)
    at = 0
    for lengths, unreadable in over_files(_lengths, files, jobs, "read headers"):
        seconds[at : at + len(lengths)] = lengths
        at += len(lengths)
        findings.add_all("audio files that cannot be read", unreadable)
    if len(files) and np.isnan(seconds).all():
        raise CorpusError(f"none of {len(files):,} audio files can be read:\n{findings.summary()}")
    column = pa.array(seconds[paths.indices.to_numpy(zero_copy_only=False)], from_pandas=True)
    table = utterances.append_column("seconds", column)
    return table.filter(pc.is_valid(table["seconds"]))


def _lengths(files: Sequence[Path]) -> tuple[list[float], list[str]]:
    """Seconds of each file, NaN for those that cannot be read, and why they cannot."""
    seconds, unreadable = [], []
    for file in files:
        try:
            seconds.append(probe(file)[1])
        except (AudioError, OSError) as error:
            seconds.append(float("nan"))
            unreadable.append(str(error))
    return seconds, unreadable
