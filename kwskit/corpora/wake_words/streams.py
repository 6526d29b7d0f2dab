"""Long noisy recordings in which keywords are said now and then, as Picovoice's wake word benchmark mixes them."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa
import soundfile
from numpy.typing import NDArray

from kwskit.atomic_write import atomic_write
from kwskit.constants import SAMPLE_RATE
from kwskit.corpora.wake_words.benchmark import Sound
from kwskit.data.audio import read_segment
from kwskit.data.progress import Progress
from kwskit.data.records import OCCURRENCES, RECORDINGS
from kwskit.errors import CorpusError
from kwskit.task_pool import run_tasks

RECORDING = 600 * SAMPLE_RATE  # a recording ends after the first pause or utterance beyond
BREATH = SAMPLE_RATE  # silence between keywords that would follow each other
FRAME = 512  # of the powers that the signal-to-noise ratio compares
FULL_SCALE = 32767


@dataclass(frozen=True)
class StreamPart:
    """What is heard for ``samples`` of a recording: a keyword, background speech, or, without a sound, a pause."""

    samples: int
    sound: Sound | None = None
    keyword: str | None = None


@dataclass(frozen=True)
class Mix:
    """How the parts of recordings become sound.

    Attributes
    ----------
    noises : what is heard all the time; none is silence
    snr : power of the loudest frame of each part over that of the noise behind it, in dB
    seed : of the noises that are drawn
    """

    noises: tuple[Sound, ...]
    snr: float
    seed: int


def timeline(
    keywords: Mapping[str, Sequence[Sound]],
    background: Sequence[Sound],
    hours: float,
    share: float,
    seed: int,
    longest: int = RECORDING,
) -> list[list[StreamPart]]:
    """Every keyword's recordings once, in a drawn order, with equal stretches of background around them.

    A file of the background is drawn; it is heard with a chance of ``share``, and otherwise there is a pause as long
    as it is. All files have had their turn before one comes again. Files are whole: what one is too long for its
    stretch is taken off the next, so that all stretches together are ``hours``, to within one file.

    Returns
    -------
    the parts of each recording, which goes on until it has ``longest`` samples

    Raises
    ------
    CorpusError
        When there is nothing to draw from.
    """
    said = [(word, sound) for word, sounds in keywords.items() for sound in sounds]
    if not said or not background:
        raise CorpusError("a stream needs recordings of keywords and background speech that can be decoded")
    rng = np.random.default_rng(seed)
    turns = _turns(background, rng)
    stretch = hours * 3600 * SAMPLE_RATE / (len(said) + 1)
    recordings: list[list[StreamPart]] = [[]]
    filled, length = 0, 0
    for number, place in enumerate([*rng.permutation(len(said)), None], start=1):
        between = []
        while filled < number * stretch:
            sound = next(turns)
            between.append(StreamPart(sound.samples, sound if rng.uniform() < share else None))
            filled += sound.samples
        for part in between or [StreamPart(BREATH)]:
            if length >= longest:
                recordings.append([])
                length = 0
            recordings[-1].append(part)
            length += part.samples
        if place is not None:
            word, sound = said[place]
            recordings[-1].append(StreamPart(sound.samples, sound, word))
            length += sound.samples
    # Whoever is said last in a recording may still be heard a little later.
    return [[*parts, StreamPart(BREATH)] if parts[-1].keyword else parts for parts in recordings]


def write_streams(recordings: Sequence[Sequence[StreamPart]], mix: Mix, folder: Path, jobs: int) -> list[Path]:
    """Mix every recording into a FLAC file of 16-bit PCM at 16 kHz; what is there already is kept.

    A recording is mixed in memory by itself, so that jobs need some 220 MB each, however long all is.

    Parameters
    ----------
    recordings : what :func:`timeline` gave; mix : how
    folder : files of other recordings in it are removed
    jobs : processes

    Raises
    ------
    OSError
        When a file cannot be written.
    kwskit.task_pool.WorkerDied
        When a process was killed.
    kwskit.data.audio.AudioError
        When a sound cannot be read any more.
    """
    paths = [folder / f"{number:04d}_{_digest(parts, mix)}.flac" for number, parts in enumerate(recordings)]
    missing = [number for number, path in enumerate(paths) if not path.exists()]
    with Progress(len(missing), "mix recordings", "recordings") as progress:
        tasks = [(paths[number], recordings[number], number) for number in missing]
        sounds = (Path(part.sound.path) for parts in recordings for part in parts if part.sound)
        folder.mkdir(parents=True, exist_ok=True)
        for _ in run_tasks(partial(_write, mix), tasks, min(jobs, len(tasks)), next(sounds, None), folder):
            progress.advance(1)
    for stale in set(folder.glob("*.flac")) - set(paths):
        stale.unlink()
    return paths


def stream_tables(
    recordings: Sequence[Sequence[StreamPart]], paths: Sequence[Path], data: Path
) -> tuple[pa.Table, pa.Table]:
    """The recordings and the occurrences of a search; paths are told from ``data``.

    An occurrence is the keyword's whole file.
    """
    listed, said = [], []
    for parts, path in zip(recordings, paths, strict=True):
        at = 0
        for part in parts:
            if part.keyword is not None:
                times = (at / SAMPLE_RATE, (at + part.samples) / SAMPLE_RATE)
                said.append(dict(zip(OCCURRENCES, (part.keyword, path.stem, *times), strict=True)))
            at += part.samples
        row = (path.stem, path.relative_to(data).as_posix(), 0.0, at / SAMPLE_RATE)
        listed.append(dict(zip(RECORDINGS, row, strict=True)))
    return pa.Table.from_pylist(listed, pa.schema(RECORDINGS)), pa.Table.from_pylist(said, pa.schema(OCCURRENCES))


def mixed(parts: Sequence[StreamPart], mix: Mix, number: int) -> NDArray[np.float32]:
    """(samples,) float32: the parts over noise, its peak at 1; ``number`` is that of the recording.

    As the benchmark does it: noises and speech have their peaks at 1; then speech is scaled until the power of its
    loudest frame (512 samples) is ``snr`` above that of the loudest frame of the noise behind it.
    """
    total = sum(part.samples for part in parts)
    wave = _noise(mix, total, np.random.default_rng([mix.seed, number]))
    at = 0
    for part in parts:
        if part.sound is not None:
            speech = read_segment(part.sound.path).astype(np.float32) / (32768 * part.sound.peak)
            behind = wave[at : at + part.samples]
            loudness, noisiness = _loudest_frame(speech), _loudest_frame(behind)
            behind += speech * (np.sqrt(noisiness * 10 ** (mix.snr / 10) / loudness) if noisiness else 1.0)
        at += part.samples
    peak = np.abs(wave).max(initial=0)
    return wave / peak if peak else wave


def _noise(mix: Mix, samples: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """Drawn noises from drawn places to their ends, one after another."""
    wave = np.zeros(samples, np.float32)
    at = 0
    while mix.noises and at < samples:
        sound = mix.noises[rng.integers(len(mix.noises))]
        first = int(rng.integers(max(1, sound.samples - SAMPLE_RATE)))  # a second of it at least, if it has that
        last = min(sound.samples, first + samples - at)
        # A stretch below one analysis window cannot be read by itself: it is read with what is before it.
        begin = min(first, max(0, last - SAMPLE_RATE))
        stretch = read_segment(sound.path, begin / SAMPLE_RATE, last / SAMPLE_RATE)[first - begin :]
        wave[at : at + len(stretch)] = stretch.astype(np.float32) / (32768 * sound.peak)
        at += last - first
    return wave


def _loudest_frame(wave: NDArray[np.float32]) -> float:
    frames = wave[: len(wave) // FRAME * FRAME].reshape(-1, FRAME) if len(wave) >= FRAME else wave[None]
    return float(np.square(frames, dtype=np.float64).sum(axis=1).max())


def _write(mix: Mix, task: tuple[Path, Sequence[StreamPart], int]) -> None:
    path, parts, number = task
    pcm = np.rint(mixed(parts, mix, number) * FULL_SCALE).astype(np.int16)
    with atomic_write(path) as partial:
        soundfile.write(partial, pcm, SAMPLE_RATE, format="FLAC", subtype="PCM_16")


def _digest(parts: Sequence[StreamPart], mix: Mix) -> str:
    return hashlib.sha256(repr((list(parts), mix)).encode()).hexdigest()[:10]


def _turns(sounds: Sequence[Sound], rng: np.random.Generator) -> Iterator[Sound]:
    while True:
        for place in rng.permutation(len(sounds)):
            yield sounds[place]
