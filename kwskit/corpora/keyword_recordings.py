"""Recordings that each hold one keyword and nothing else: manifests of whole files."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from kwskit.constants import SAMPLE_RATE
from kwskit.corpora.findings import Findings
from kwskit.corpora.utterances import audio_lengths
from kwskit.data.audio import MIN_SAMPLES

SPLIT = "test"  # these corpora are tested on, not trained on


@dataclass(frozen=True)
class KeywordRecording:
    """One file: its name in manifests and trials, where it is, the word spoken and who speaks."""

    utt_id: str
    path: Path
    word: str
    speaker: str


def keyword_manifest(recordings: Sequence[KeywordRecording], jobs: int, findings: Findings) -> pa.Table:
    """The columns of a manifest, a segment for each whole file, without those that cannot be used.

    Parameters
    ----------
    recordings : files; their headers are read
    jobs : processes
    findings : takes files that cannot be read and those shorter than one analysis window

    Raises
    ------
    CorpusError
        When no file can be read.
    """
    columns = {
        "utterance": [recording.utt_id for recording in recordings],
        "path": [str(recording.path.absolute()) for recording in recordings],
        "speaker": [recording.speaker for recording in recordings],
        "split": [SPLIT] * len(recordings),
        "word": [recording.word for recording in recordings],
    }
    text = pa.schema([(name, pa.string()) for name in columns])
    table = audio_lengths(pa.table(columns, schema=text), jobs, findings)
    # As reading will round; a shorter segment has no frame.
    short = np.rint(table["seconds"].to_numpy() * SAMPLE_RATE) < MIN_SAMPLES
    refused = table.filter(pa.array(short))
    examples = (f"{row['path']}: {row['seconds'] * 1000:.1f} ms" for row in refused.to_pylist())
    findings.add_all("recordings shorter than one window of 25 ms", examples)
    table = table.filter(pa.array(~short)).rename_columns({"utterance": "utt_id", "seconds": "stop"})
    return table.append_column("start", pa.array(np.zeros(len(table))))
