"""Samples as spotting takes them."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

LOUDEST = 2.0  # float samples beyond twice full scale are in some other range, such as that of int16


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
