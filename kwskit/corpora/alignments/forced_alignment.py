"""Alignments for corpora without: by CTC networks, PocketSphinx, or the Montreal Forced Aligner."""

import os
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import pyarrow as pa
import pyarrow.csv

from kwskit.atomic_write import atomic_write
from kwskit.constants import SAMPLE_RATE
from kwskit.corpora.alignments.transcripts import read_transcripts
from kwskit.corpora.findings import Findings
from kwskit.data.audio import AudioError, read_segment
from kwskit.data.audio_folder import audio_below
from kwskit.data.progress import Progress
from kwskit.errors import CorpusError

SHARE = 200  # utterances of a file of alignments; as many are lost when the work is interrupted
COLUMNS = {"audio_filename": pa.string(), "start": pa.float64(), "end": pa.float64(), "text": pa.string()}
# Mean probability of a word's letters, or of its states by the best ones': low where text and speech differ.
COLUMNS |= {"score": pa.float64()}


class WordAligner(Protocol):
    """What places words in their sound: :class:`~kwskit.corpora.alignments.ctc_model.CtcModel` and others.

    Attributes
    ----------
    name : of the files that it writes
    """

    name: str

    def spells(self, words: Sequence[str]) -> bool:
        """Whether it knows how all of ``words`` are said."""
        ...

    def place(self, samples: np.ndarray, words: Sequence[str]) -> list[tuple[float, float, float | None]] | None:
        """Start, stop (s) and score or None of each word in int16 (samples,) at 16 kHz; None where they do not fit."""
        ...


@dataclass(frozen=True)
class Spoken:
    """An utterance: its name, its file, and its words."""

    utterance: str
    path: Path
    words: list[str]


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


def align_with(model: WordAligner, utterances: Sequence[Spoken], to: Path, findings: Findings) -> None:
    """Write ``to/<name of the model>_<n>.csv`` with the columns ``audio_filename,start,end,text,score``.

    Utterances that an earlier run has aligned are not aligned again.

    Parameters
    ----------
    model : places the words
    utterances : what is to be aligned; utterances, not hours: a network's memory grows with the square of the length
    to : folder of the alignments
    findings : takes unreadable audio, words that the model cannot spell, and transcripts that do not fit the audio
    """
    to.mkdir(parents=True, exist_ok=True)
    files = sorted(to.glob(f"{model.name}_*.csv"))
    done = {Path(name).stem for file in files for name in pyarrow.csv.read_csv(file)["audio_filename"].to_pylist()}
    left = [one for one in utterances if one.utterance not in done]
    if len(left) < len(utterances):
        print(f"align: {len(utterances) - len(left):,} of {len(utterances):,} utterances are there already")
    number = int(files[-1].stem.rpartition("_")[2]) + 1 if files else 0
    with Progress(len(left), "align", "utterances") as progress:
        for at in range(0, len(left), SHARE):
            rows: list[tuple] = []
            for one in left[at : at + SHARE]:
                rows += _aligned(one, model, findings)
                progress.advance(1)
            if rows:
                table = pa.table([list(column) for column in zip(*rows, strict=True)], schema=pa.schema(COLUMNS))
                with atomic_write(to / f"{model.name}_{number:06d}.csv") as path:
                    pyarrow.csv.write_csv(table, path)
                number += 1


def _aligned(one: Spoken, model: WordAligner, findings: Findings) -> list[tuple]:
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


def align_with_mfa(
    utterances: Sequence[Spoken], to: Path, dictionary: str, model: str, jobs: int, findings: Findings
) -> None:
    """Run ``mfa align`` (McAuliffe et al. 2017) and put its TextGrids below ``to``.

    Files of one folder count as one speaker, as in the aligner itself. Utterances whose TextGrid is there are not
    aligned again.

    Parameters
    ----------
    utterances : what is to be aligned
    to : folder of the alignments
    dictionary, model : paths, or names of what ``mfa model download`` has fetched, such as ``english_us_arpa``
    jobs : processes
    findings : takes the utterances that were not aligned

    Raises
    ------
    CorpusError
        When there is no program ``mfa``, or it fails; what it said is told.
    """
    program = shutil.which("mfa")
    if program is None:
        raise CorpusError("there is no program 'mfa' on the PATH: conda install -c conda-forge montreal-forced-aligner")
    to.mkdir(parents=True, exist_ok=True)
    done = {path.stem for path in to.rglob("*.TextGrid") if not path.relative_to(to).parts[0].startswith(".")}
    left = [one for one in utterances if one.utterance not in done]
    if len(left) < len(utterances):
        print(f"align: {len(utterances) - len(left):,} of {len(utterances):,} utterances are there already")
    if not left:
        return
    work = to / ".mfa"
    shutil.rmtree(work, ignore_errors=True)  # of a run that was interrupted
    try:
        speakers = {folder: f"{i:06d}" for i, folder in enumerate(dict.fromkeys(one.path.parent for one in left))}
        for one in left:
            folder = work / "corpus" / speakers[one.path.parent]
            folder.mkdir(parents=True, exist_ok=True)
            os.symlink(one.path.absolute(), folder / one.path.name)
            (folder / f"{one.utterance}.lab").write_text(" ".join(one.words) + "\n", encoding="utf-8")
        command = [program, "align", "--clean", "--num_jobs", str(max(jobs, 1))]
        command += [str(work / "corpus"), dictionary, model, str(work / "aligned")]
        # What it says while it works is for the terminal; the last of it is kept for the message.
        run = subprocess.run(command, stderr=subprocess.PIPE, text=True, errors="replace", check=False)
        if run.returncode:
            said = "\n".join(run.stderr.strip().splitlines()[-8:])
            raise CorpusError(f"'mfa align' failed with exit status {run.returncode}:\n{said}")
        made = {path.stem: path for path in (work / "aligned").rglob("*.TextGrid")}
        for one in left:
            if one.utterance in made:
                target = to / one.path.parent.name / f"{one.utterance}.TextGrid"
                target.parent.mkdir(exist_ok=True)
                made[one.utterance].replace(target)
            else:
                findings.add("utterances that were not aligned", str(one.path))
    finally:
        shutil.rmtree(work, ignore_errors=True)


def align_corpus(
    corpus: Path,
    transcripts: Path,
    to: Path,
    aligner: str,
    model: str | None = None,
    dictionary: str | None = None,
    jobs: int = 1,
    device: str | None = None,
    strict: bool = False,
) -> None:
    """Align the audio below ``corpus``, so that :func:`kwskit.corpora.alignments.read.read_alignments` reads ``to``.

    Parameters
    ----------
    corpus, transcripts : see :func:`spoken_utterances`
    to : folder of the alignments
    aligner : ``ctc``, ``pocketsphinx`` (English) or ``mfa``
    model : of ``ctc`` or ``mfa``; default ``WAV2VEC2_ASR_BASE_960H`` or ``english_us_arpa``
    dictionary : of ``mfa``; default ``english_us_arpa``
    jobs : processes of ``mfa``
    device : where ``ctc`` computes; default a GPU where there is one
    strict : stop at the end when something could not be aligned

    Raises
    ------
    CorpusError
        As of :func:`spoken_utterances`, :func:`align_with_mfa`,
        :func:`~kwskit.corpora.alignments.ctc_model.load_ctc_model` and
        :class:`~kwskit.corpora.alignments.pocketsphinx_model.PocketSphinxModel`.
    ValueError
        When torch cannot compute on ``device``.
    """
    findings = Findings()
    utterances = spoken_utterances(corpus, transcripts, findings)
    if aligner == "mfa":
        align_with_mfa(utterances, to, dictionary or "english_us_arpa", model or "english_us_arpa", jobs, findings)
    elif aligner == "pocketsphinx":
        from kwskit.corpora.alignments.pocketsphinx_model import PocketSphinxModel

        align_with(PocketSphinxModel(), utterances, to, findings)
    else:
        from kwskit.corpora.alignments.ctc_model import DEFAULT_BUNDLE, load_ctc_model
        from kwskit.devices import usable_device

        network = load_ctc_model(model or DEFAULT_BUNDLE, str(usable_device(device)))
        align_with(network, utterances, to, findings)
    if len(findings):
        if strict:
            raise CorpusError(
                f"{len(findings):,} things cannot be aligned, and this is --strict:\n{findings.summary()}"
            )
        summary = findings.summary().replace("\n", "\n  ")
        print(f"left out:\n  {summary}")
    print(f"align: alignments of {len(utterances):,} utterances are in {to}")
