"""A stretch of somebody's speech, and what is said in it."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from kwskit.constants import SAMPLE_RATE
from kwskit.data.audio import MIN_SAMPLES, AudioError, read_segments

T = TypeVar("T")


@dataclass(frozen=True)
class Clip:
    """A file, or a stretch of it in seconds, its text and its speaker."""

    name: str
    path: Path
    text: str
    speaker: str
    start: float = 0.0
    stop: float = float("inf")


def long_enough(start: float, stop: float) -> bool:
    """Whether a stretch has one window of 25 ms."""
    return round(stop * SAMPLE_RATE) - round(start * SAMPLE_RATE) >= MIN_SAMPLES


def sounds_of(clips: Sequence[Clip]) -> list[NDArray[np.int16]]:
    """(samples,) int16 at 16 kHz of each clip; a file is opened once.

    Raises
    ------
    AudioError
        When a clip cannot be read.
    """
    by_file: dict[Path, list[int]] = defaultdict(list)
    for number, clip in enumerate(clips):
        by_file[clip.path].append(number)
    found: dict[int, NDArray[np.int16]] = {}
    for path, numbers in by_file.items():
        stretches = read_segments(path, [clips[n].start for n in numbers], [clips[n].stop for n in numbers])[0]
        for number, stretch in zip(numbers, stretches, strict=True):
            if isinstance(stretch, AudioError):
                raise stretch
            found[number] = stretch
    return [found[number] for number in range(len(clips))]


def some(things: Sequence[T], most: int | None) -> list[T]:
    """All of ``things``, or ``most`` of them, evenly spread."""
    if most is None or len(things) <= most:
        return list(things)
    return [things[place] for place in np.linspace(0, len(things) - 1, most).round().astype(int)]
