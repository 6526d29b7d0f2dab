"""Recordings that people give for a keyword."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from kwskit.constants import SAMPLE_RATE
from kwskit.spotting.sound import blocks_of
from kwskit.spotting.spoken_example import LONGEST, trimmed

HELD_SHARE = 4  # of so many recordings one is held out


class Recordings(NamedTuple):
    """Recordings (samples,), int16 at 16 kHz, to train with, and every fourth, which is held out."""

    training: list[NDArray[np.int16]]
    held_out: list[NDArray[np.int16]]


def of_the_keyword(paths: Sequence[str | Path], kept: Sequence[NDArray[np.int16]] = ()) -> Recordings:
    """Recordings of one utterance of a keyword each, without the silence around it, and clips ``kept``, as they are.

    Raises
    ------
    kwskit.data.audio.AudioError
        For one that cannot be read.
    ValueError
        For one that is silent, or in which something is said for longer than 5 s.
    """
    return _parted([*map(_utterance, paths), *kept])


def of_other_sound(paths: Sequence[str | Path], kept: Sequence[NDArray[np.int16]] = ()) -> Recordings:
    """Recordings in which a keyword is not said, whole; raises AudioError for one that cannot be read.

    All clips ``kept`` are trained with, so that none of these false alarms comes back.
    """
    training, held_out = _parted([*map(_whole, paths)])
    return Recordings([*training, *kept], held_out)


def _parted(found: Sequence[NDArray[np.int16]]) -> Recordings:
    held = list(found[HELD_SHARE - 1 :: HELD_SHARE])
    return Recordings([one for k, one in enumerate(found) if k % HELD_SHARE != HELD_SHARE - 1], held)


def _whole(path: str | Path) -> NDArray[np.int16]:
    return np.concatenate([np.zeros(0, np.int16), *blocks_of(path)])


def _utterance(path: str | Path) -> NDArray[np.int16]:
    try:
        said = trimmed(_whole(path))
    except ValueError as error:
        raise ValueError(str(error) if str(error).startswith(str(path)) else f"{path}: {error}") from error
    if len(said) > LONGEST * SAMPLE_RATE:
        seconds = len(said) / SAMPLE_RATE
        raise ValueError(f"{path}: takes {seconds:.1f} s; the keyword is said in it once, in {LONGEST:g} s at most")
    return said
