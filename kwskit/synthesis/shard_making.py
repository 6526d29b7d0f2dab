"""Shards of synthetic speech, audio and records: made in parallel, kept when they are whole (ours)."""

import io
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Protocol, TypeVar

import numpy as np
import pyarrow as pa
import soundfile

from kwskit.atomic_write import atomic_write
from kwskit.constants import SAMPLE_RATE
from kwskit.data.progress import Progress
from kwskit.data.records import MANIFEST, read_records, write_records
from kwskit.errors import SynthesisError
from kwskit.synthesis.corpus_settings import claim_corpus
from kwskit.task_pool import WorkerDied, run_tasks


class Shard(Protocol):
    """What one process makes in one go, into one file."""

    @property
    def name(self) -> str:
        """Name of its file, without a suffix."""

    @property
    def work(self) -> int:
        """Utterances to speak."""


S = TypeVar("S", bound=Shard)
P = TypeVar("P")


def make_shards(
    shards: Sequence[S],
    speak: Callable[[S, P, Path], int],
    plan: P,
    data: Path,
    settings: Mapping[str, Any],
    jobs: int = 1,
) -> Counter[str]:
    """Make those of ``shards`` that ``data`` lacks: whose audio or whose record file, written after it, is not there.

    Parameters
    ----------
    speak : speaks a shard of ``plan`` into ``data`` (:func:`write_shard`) and returns the number of utterances tried
    data : folder of the corpus, made if need be; one run at a time
    settings : of the corpus, see :func:`claim_corpus`
    jobs : processes of this machine

    Returns
    -------
    counts: ``shards`` made now, ``kept`` shards

    Raises
    ------
    SynthesisError
        When ``data`` holds a corpus with other settings, or a process was killed.
    OSError
        When a file cannot be written, such as on a full disk; finished shards are kept.
    MissingEngine
        When an engine is not installed.
    """
    (data / "audio" / "shards").mkdir(parents=True, exist_ok=True)
    claim_corpus(data, settings)
    _clear(data)
    todo = [one for one in shards if not (_records(data, one.name).exists() and (data / audio_path(one.name)).exists())]
    with Progress(sum(shard.work for shard in todo), "synthesis", "utt") as progress:
        work = partial(_speak, speak, plan, data)
        try:
            for spoken in run_tasks(work, todo, min(jobs, len(todo)), writes=data / "audio"):
                progress.advance(spoken)
        except WorkerDied as error:
            raise SynthesisError(
                "a synthesis process was killed (too little memory?); finished shards are kept: "
                "repeat the command, perhaps with fewer jobs"
            ) from error
    _clear(data)
    return Counter(kept=len(shards) - len(todo), shards=len(todo))


def _speak(speak: Callable[[S, P, Path], int], plan: P, data: Path, shard: S) -> int:
    return speak(shard, plan, data)


def _clear(data: Path) -> None:
    """Remove what killed processes left half-written."""
    for leftover in (data / "audio").rglob(".*.partial"):
        leftover.unlink(missing_ok=True)


def write_shard(data: Path, name: str, pcm: np.ndarray, rows: Sequence[tuple]) -> None:
    """Write a shard's audio, ``pcm`` (samples,) int16 at 16 kHz, then ``rows``, its manifest records in their order."""
    whole = io.BytesIO()  # libsndfile says nothing of a full disk, write_bytes does
    soundfile.write(whole, pcm, SAMPLE_RATE, subtype="PCM_16", format="WAV")
    with atomic_write(data / audio_path(name)) as partial:
        partial.write_bytes(whole.getbuffer())
    columns = zip(*rows, strict=True) if rows else ([] for _ in MANIFEST)
    arrays = [pa.array(list(column), kind) for column, kind in zip(columns, MANIFEST.values(), strict=True)]
    write_records(_records(data, name), "manifest", pa.table(arrays, names=list(MANIFEST)))


def read_shard(data: Path, name: str) -> pa.Table:
    """The manifest records of the shard ``name``."""
    return read_records(_records(data, name), "manifest")[0]


def audio_path(name: str) -> str:
    """Of the shard ``name``, relative to the corpus' folder."""
    return f"audio/{name}.wav"


def _records(data: Path, name: str) -> Path:
    return data / "audio" / "shards" / f"{name}.tsv"
