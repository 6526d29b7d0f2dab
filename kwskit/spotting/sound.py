"""Sound to listen to: a file, or samples."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kwskit.constants import SAMPLE_RATE
from kwskit.data.audio import read_blocks

BLOCK = 60.0  # s at once
LOUDEST = 2.0  # float samples beyond twice full scale are in some other range, such as that of int16
Sound = str | Path | ArrayLike


def as_pcm(samples: ArrayLike) -> NDArray[np.int16]:
    """(samples,) int16 of int16, or of float in [-1, 1], which is rounded and clipped.

    Raises
    ------
    ValueError
        For samples of another type, of more dimensions than one, not finite, or far beyond full scale.
    """
    found = np.asarray(samples)
    if found.ndim != 1:
        raise ValueError(f"samples are one channel, (samples,), not an array of shape {found.shape}")
    if found.dtype == np.int16:
        return found
    if found.size == 0:
        return np.zeros(0, np.int16)
    if not np.issubdtype(found.dtype, np.floating):
        raise ValueError(f"samples are int16, or float in [-1, 1], not {found.dtype}")
    if not np.isfinite(found).all():
        raise ValueError("samples hold NaN or infinity")
    if np.abs(found).max() > LOUDEST:
        raise ValueError(f"samples reach {np.abs(found).max():g}; float ones lie within [-1, 1]")
    return np.clip(np.rint(found * 32768.0), -32768, 32767).astype(np.int16)


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
