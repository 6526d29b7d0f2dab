"""Reading stretches of audio files as 16 kHz mono PCM."""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import gcd
from pathlib import Path
from typing import BinaryIO

import numpy as np

from kwskit.constants import SAMPLE_RATE
from kwskit.data.audio_file import AudioFile
from kwskit.data.resampling import resampled
from kwskit.errors import AudioError

# One analysis window of the front end (25 ms): anything shorter has no frame.
MIN_SAMPLES = 400
# Alignments may run this far past the end of their file, in seconds; the segment then ends with the file.
OVERHANG = 0.1
# Neighbouring segments of a file are decoded together up to this many seconds.
SPAN = 120.0
# Audio read around a segment so that resampling sees what surrounds it, in seconds.
CONTEXT = 0.05
# Float audio beyond twice full scale was stored in some other range, such as that of int16.
LOUDEST = 2.0
# Longest segment in seconds: a compressed file of a megabyte may hold days of silence.
LONGEST = 2 * 3600.0

logger = logging.getLogger(__name__)
_reported: set[str] = set()


@dataclass(frozen=True)
class AudioFormat:
    """Sample rate in Hz and number of channels of a file."""

    rate: int
    channels: int

    def conversion(self) -> str:
        """What reading does to this format, in words; empty when nothing."""
        steps = []
        if self.channels > 1:
            steps.append(f"averaged from {self.channels} channels")
        if self.rate != SAMPLE_RATE:
            steps.append(f"resampled from {self.rate} Hz")
        return " and ".join(steps)


def read_segment(path: str | Path, start: float = 0.0, stop: float | None = None) -> np.ndarray:
    """(samples,) int16 at 16 kHz: the stretch from ``start`` to ``stop`` seconds, mono.

    16-bit 16 kHz mono files are copied bit by bit. Channels are averaged, other rates resampled; the log
    says so once for every format.

    Raises
    ------
    AudioError
        When the file cannot be read, is empty, or shorter than its header promises; when the stretch starts past
        the end, is shorter than one window of 25 ms or longer than 2 hours, or holds NaN, infinite or far too large
        samples.
    """
    audio_format = probe(path)[0]
    conversion = audio_format.conversion()
    if conversion:
        _report_once(path, conversion)
    segment = read_segments(path, [start], [float("inf") if stop is None else stop])[0][0]
    if isinstance(segment, AudioError):
        raise segment
    return segment


def read_blocks(
    path: str | Path | BinaryIO, start: float = 0.0, stop: float = float("inf"), block: float = 60.0
) -> Iterator[np.ndarray]:
    """The stretch of :func:`read_segment` in blocks of ``block`` seconds, (samples,) int16; never more in memory.

    ``path`` may also be a file open for reading, which messages call by its ``str``.

    Raises
    ------
    AudioError
        As :func:`read_segment`.
    """
    with AudioFile(path) as audio:
        seconds = audio.seconds
        refusal = _refusal(path, start, stop, seconds)
        if refusal:
            raise refusal
        stop = min(stop, seconds)
        count = max(1, int(np.ceil((stop - start) / block)))
        for k in range(count):
            first, last = start + k * block, stop if k + 1 == count else start + (k + 1) * block
            samples, offset = _read_span(audio, first, last)
            cut = _cut(path, samples, offset, first, last)
            if isinstance(cut, AudioError):
                raise cut
            yield cut


def probe(path: str | Path | BinaryIO) -> tuple[AudioFormat, float]:
    """Format and duration in seconds, from the header alone; ``path`` as :func:`read_blocks` takes it.

    Raises
    ------
    AudioError
        When the file cannot be read or is empty.
    """
    with AudioFile(path) as audio:
        return AudioFormat(audio.rate, audio.channels), audio.seconds


def read_segments(
    path: str | Path, starts: Sequence[float], stops: Sequence[float]
) -> tuple[list["np.ndarray | AudioError"], AudioFormat]:
    """Several stretches of one file, opened once; like :func:`read_segment`, but quiet.

    A stretch that cannot be used gives its :class:`AudioError` in the place of its samples. A ``stop`` of
    infinity means the end of the file.

    Raises
    ------
    AudioError
        When the file as a whole cannot be read or is empty.
    """
    with AudioFile(path) as audio:
        audio_format = AudioFormat(audio.rate, audio.channels)
        seconds = audio.seconds
        found: dict[int, np.ndarray | AudioError] = {}
        for i, (start, stop) in enumerate(zip(starts, stops, strict=True)):
            refusal = _refusal(path, start, stop, seconds) or _too_long(path, start, min(stop, seconds))
            if refusal:
                found[i] = refusal
        usable = [i for i in range(len(starts)) if i not in found]
        for group in _spans(usable, starts, stops):
            try:
                first, last = starts[group[0]], min(max(stops[i] for i in group), seconds)
                samples, offset = _read_span(audio, first, last)
            except AudioError as error:
                for i in group:
                    found[i] = error
                continue
            for i in group:
                found[i] = _cut(path, samples, offset, starts[i], min(stops[i], seconds))
    return [found[i] for i in range(len(starts))], audio_format


def _refusal(path: str | Path | BinaryIO, start: float, stop: float, seconds: float) -> AudioError | None:
    """Why the stretch from ``start`` to ``stop`` of a file of ``seconds`` cannot be cut, if so."""
    if not 0 <= start < stop:
        return AudioError(f"{path}: a segment from {start} s to {stop} s: start must be at least 0 and below stop")
    if start >= seconds:
        return AudioError(f"{path}: a segment starts at {start:g} s, but the file ends at {seconds:g} s")
    if stop != float("inf") and stop > seconds + OVERHANG:
        return AudioError(f"{path}: a segment stops at {stop:g} s, but the file ends at {seconds:g} s")
    samples = _position(min(stop, seconds)) - _position(start)
    if samples < MIN_SAMPLES:
        return AudioError(
            f"{path}: the segment at {start:g} s is {samples / SAMPLE_RATE * 1000:.1f} ms long; "
            f"one window of {MIN_SAMPLES / SAMPLE_RATE * 1000:.0f} ms is the least"
        )
    return None


def _too_long(path: str | Path, start: float, stop: float) -> AudioError | None:
    if stop - start <= LONGEST:
        return None
    hours = f"{(stop - start) / 3600:,.1f} hours"
    return AudioError(f"{path}: the segment at {start:g} s lasts {hours}; at most {LONGEST / 3600:g} are read at once")


def _spans(usable: list[int], starts: Sequence[float], stops: Sequence[float]) -> list[list[int]]:
    """Segments in the order of their starts, in groups close enough to be decoded in one go."""
    groups: list[list[int]] = []
    end = -1.0
    for i in sorted(usable, key=lambda i: starts[i]):
        if groups and starts[i] <= end + 1.0 and max(end, stops[i]) - starts[groups[-1][0]] <= SPAN:
            groups[-1].append(i)
            end = max(end, stops[i])
        else:
            groups.append([i])
            end = stops[i]
    return groups


def _read_span(audio: AudioFile, start: float, stop: float) -> tuple[np.ndarray, int]:
    """int16 or float32 (samples,) at 16 kHz that cover ``start`` to ``stop``, and the position of the first."""
    rate = audio.rate
    # Steps of the input that are whole samples at 16 kHz, so that every cut lies on the same output grid.
    step = rate // gcd(rate, SAMPLE_RATE)
    context = 0.0 if rate == SAMPLE_RATE else CONTEXT
    first = max(0, int((start - context) * rate)) // step * step
    last = min(audio.frames, int(np.ceil((stop + context) * rate)) + 1)
    return resampled(audio.mono(first, last), rate), first * SAMPLE_RATE // rate


def _cut(
    path: str | Path | BinaryIO, samples: np.ndarray, offset: int, start: float, stop: float
) -> "np.ndarray | AudioError":
    segment = samples[_position(start) - offset : _position(stop) - offset]
    if segment.dtype == np.int16:
        return segment.copy()
    peak = np.abs(segment).max(initial=0.0)
    if not np.isfinite(peak):
        bad = int(np.count_nonzero(~np.isfinite(segment)))
        return AudioError(f"{path}: the segment at {start:g} s holds {bad} NaN or infinite samples")
    if peak > LOUDEST:
        return AudioError(f"{path}: the segment at {start:g} s reaches {peak:g}; float audio must lie within [-1, 1]")
    return np.clip(np.rint(segment * 32768.0), -32768, 32767).astype(np.int16)


def _position(seconds: float) -> int:
    return round(seconds * SAMPLE_RATE)


def _report_once(path: str | Path, conversion: str) -> None:
    if conversion not in _reported:
        _reported.add(conversion)
        logger.warning("%s and files like it: %s", path, conversion)
