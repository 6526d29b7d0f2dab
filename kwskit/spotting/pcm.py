"""Samples as spotting takes them."""

import numpy as np
from numpy.typing import ArrayLike, NDArray


def as_pcm(samples: ArrayLike) -> NDArray[np.int16]:
    """(samples,) int16 of int16, or of float in [-1, 1], which is rounded and clipped.

    Raises
    ------
    ValueError
        For samples of another type, of more dimensions than one, or not finite.
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
    return np.clip(np.rint(found * 32768.0), -32768, 32767).astype(np.int16)
