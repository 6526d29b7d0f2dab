"""Alignments for corpora without: what a word aligner is, and how one is run over a corpus."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
from numpy.typing import NDArray

from kwskit.atomic_write import atomic_write
from kwskit.constants import SAMPLE_RATE
from kwskit.corpora.alignments.transcripts import read_transcripts
from kwskit.corpora.file_jobs import over_files
from kwskit.corpora.findings import Findings
from kwskit.data.audio import AudioError, read_segment
from kwskit.data.audio_folder import audio_below
from kwskit.errors import CorpusError
from kwskit.task_pool import executor

SHARE = 200  # utterances of a file of alignments; as many are lost when the work is interrupted
COLUMNS = {"audio_filename": pa.string(), "start": pa.float64(), "end": pa.float64(), "text": pa.string()}
# Mean probability of a word's letters, or of its states by the best ones': low where text and speech differ.
COLUMNS |= {"score": pa.float64()}


@dataclass(frozen=True)
class Spoken:
    """An utterance: its name, its file, and its words."""

    utterance: str
    path: Path
    words: list[str]


class WordAligner(ABC):
    """What ``kwskit align --with`` runs: those of :mod:`kwskit.corpora.word_aligners`, and plugins'."""

    @abstractmethod
    def aligned(self, to: Path) -> set[str]:
        """Names of the utterances whose alignments an earlier run has put below ``to``."""

    @abstractmethod
    def align(self, utterances: Sequence[Spoken], to: Path, findings: Findings) -> None:
        """Put alignments below ``to``, a folder that exists, in a form that ``read_alignments`` reads.

        Parameters
        ----------
        utterances : what is to be aligned; utterances, not hours: networks need memory by the square of the length
        to : folder of the alignments
        findings : takes what cannot be aligned
        """


class UtteranceAligner(WordAligner):
    """An aligner that takes one utterance after the other: a subclass says where the words of one are.

    Attributes
    ----------
    name : beginning of the names of the files that it writes, ``<name>_<n>.csv``
    jobs : processes that share the utterances. With more than one the aligner travels to them, by pickle
    """

    name: str
    jobs: int = 1

    @abstractmethod
    def spells(self, words: Sequence[str]) -> bool:
        """Whether it knows how all of ``words`` are said."""

    @abstractmethod
    def place(self, samples: NDArray[np.int16], words: Sequence[str]) -> list[tuple[float, float, float | None]] | None:
        """Start, stop (s) and score or None of each word in (samples,) at 16 kHz; None where they do not fit."""

    def aligned(self, to: Path) -> set[str]:
        """Utterances of the files of this name."""
        files = sorted(to.glob(f"{self.name}_*.csv"))
        return {Path(name).stem for file in files for name in pyarrow.csv.read_csv(file)["audio_filename"].to_pylist()}

    def align(self, utterances: Sequence[Spoken], to: Path, findings: Findings) -> None:
        """As :func:`align_with`."""
        align_with(self, utterances, to, findings)


def spoken_utterances(corpus: Path, transcripts: Path, findings: Findings) -> list[Spoken]:
    """Audio files below ``corpus`` with their transcripts, by the stem of their names.

    Files without a transcript, transcripts without a file, and second files of a name become findings.

    Raises
    ------
    CorpusError
        When there is no audio, or none of it has a transcript.
    """
    texts = read_transcripts(transcripts)
    audio: dict[str, Path] = {}
    below = audio_below(corpus)
    below.note(findings.add_all)
    for path in below.files:
        if path.stem in audio:
            findings.add("utterances that are there twice", f"{audio[path.stem]} and {path}")
        else:
            audio[path.stem] = path
    if not audio:
        raise CorpusError(f"{corpus}: no audio in this folder")
    found = [Spoken(name, path, texts[name]) for name, path in audio.items() if name in texts]
    if not found:
        raise CorpusError(
            f"none of {len(audio):,} audio files of {corpus} ({next(iter(audio))}, …) has one of {len(texts):,} "
            f"transcripts of {transcripts} ({next(iter(texts))}, …)"
        )
    findings.add_all("audio files without a transcript", (str(p) for name, p in audio.items() if name not in texts))
    if transcripts != corpus:  # a corpus' folder may well hold other texts
        findings.add_all("transcripts without audio", (name for name in texts if name not in audio))
    return found


def align_with(model: UtteranceAligner, utterances: Sequence[Spoken], to: Path, findings: Findings) -> None:
    """Write ``to/<name of the model>_<n>.csv`` with the columns ``audio_filename,start,end,text,score``.

    Files that are there stay.

    Parameters
    ----------
    model : places the words
    utterances : what is to be aligned; utterances, not hours: a network's memory grows with the square of the length
    to : folder of the alignments
    findings : takes unreadable audio, words that the model cannot spell, and transcripts that do not fit the audio
    """
    files = sorted(to.glob(f"{model.name}_*.csv"))
    number = int(files[-1].stem.rpartition("_")[2]) + 1 if files else 0
    for rows, left_out in over_files(partial(_aligned_share, model), utterances, model.jobs, "align", SHARE):
        for kind, which in left_out:
            findings.add(kind, which)
        if rows:
            table = pa.table([list(column) for column in zip(*rows, strict=True)], schema=pa.schema(COLUMNS))
            with atomic_write(to / f"{model.name}_{number:06d}.csv") as path:
                pyarrow.csv.write_csv(table, path)
            number += 1


def _aligned_share(model: UtteranceAligner, utterances: Sequence[Spoken]) -> tuple[list[tuple], Findings]:
    findings = Findings()
    return [row for one in utterances for row in _aligned(one, model, findings)], findings


def _aligned(one: Spoken, model: UtteranceAligner, findings: Findings) -> list[tuple]:
    if not model.spells(one.words):
        findings.add("transcripts that the aligner cannot spell", f"{one.utterance}: {' '.join(one.words)[:80]}")
        return []
    try:
        samples = read_segment(one.path)
    except AudioError as error:
        findings.add("audio files that cannot be read", str(error))
        return []
    words = model.place(samples, one.words)
    if words is None:
        message = f"{one.utterance}: {len(one.words)} words in {len(samples) / SAMPLE_RATE:.1f} s"
        findings.add("transcripts that do not fit their audio", message)
        return []
    return [
        (one.path.name, round(start, 4), round(stop, 4), text, None if score is None else round(score, 6))
        for text, (start, stop, score) in zip(one.words, words, strict=True)
    ]


def align_corpus(corpus: Path, transcripts: Path, to: Path, aligner: WordAligner, strict: bool = False) -> None:
    """Align the audio below ``corpus``, so that :func:`kwskit.corpora.alignments.read.read_alignments` reads ``to``.

    Utterances that an earlier run has aligned are not aligned again.

    Parameters
    ----------
    corpus, transcripts : see :func:`spoken_utterances`
    to : folder of the alignments
    aligner : finds the words
    strict : stop at the end when something could not be aligned

    Raises
    ------
    CorpusError
        As of :func:`spoken_utterances` and the aligner, and when something was left out and this is strict.
    """
    findings = Findings()
    utterances = spoken_utterances(corpus, transcripts, findings)
    to.mkdir(parents=True, exist_ok=True)
    done = aligner.aligned(to)
    left = [one for one in utterances if one.utterance not in done]
    if len(left) < len(utterances):
        print(f"align: {len(utterances) - len(left):,} of {len(utterances):,} utterances are there already")
    if executor() and not isinstance(aligner, UtteranceAligner):
        raise CorpusError(f"--executor {executor()}: this aligner does whole corpora its own way: leave it out")
    if left:
        aligner.align(left, to, findings)
    if len(findings):
        if strict:
            raise CorpusError(
                f"{len(findings):,} things cannot be aligned, and this is --strict:\n{findings.summary()}"
            )
        summary = findings.summary().replace("\n", "\n  ")
        print(f"left out:\n  {summary}")
    print(f"align: alignments of {len(utterances):,} utterances are in {to}")
