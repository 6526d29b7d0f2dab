"""Sound to listen to: a file, or samples."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kwskit.constants import SAMPLE_RATE
from kwskit.data.audio import read_blocks
from kwskit.spotting.pcm import as_pcm

BLOCK = 60.0  # s at once
Sound = str | Path | ArrayLike


def blocks_of(sound: Sound) -> Iterator[NDArray[np.int16]]:
    """A file, or (samples,) at 16 kHz, in blocks (samples,) int16.

    Raises
    ------
    kwskit.data.audio.AudioError
        For a file that cannot be read.
    ValueError
        For samples of another type or shape.
    """
    if isinstance(sound, str | Path):
        yield from read_blocks(sound, block=BLOCK)
        return
    pcm, size = as_pcm(sound), int(BLOCK * SAMPLE_RATE)
    for at in range(0, len(pcm), size):
        yield pcm[at : at + size]
