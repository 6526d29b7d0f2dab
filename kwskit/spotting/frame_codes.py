"""Frames of hours of sound in a few bytes each."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

PART = 8  # numbers of a frame that share a byte
CENTRES = 256
SAMPLE, ROUNDS = 16_384, 12  # frames that centres are looked for in, and how often these are moved
AT_ONCE = 16_384


@dataclass(frozen=True, eq=False)
class FrameCodes:
    """Product quantisation of frames (Jégou et al. 2011): the nearest of 256 centres for every eight numbers.

    Attributes
    ----------
    codes : (n, P) uint8
    centres : (P, 256, 8) float16; the last part is filled up with zeros
    size : d, numbers of a frame
    """

    codes: NDArray[np.uint8]
    centres: NDArray[np.float16]
    size: int

    @classmethod
    def of(cls, frames: NDArray[np.floating], seed: int = 0) -> "FrameCodes":
        """The codes of ``frames`` (n, d), n >= 1; centres are drawn with ``seed`` and fitted to a sample by k-means."""
        count, size = frames.shape
        parts = -(-size // PART)
        rng = np.random.default_rng(seed)
        chosen = np.sort(rng.choice(count, min(count, SAMPLE), replace=False))
        sample = _parts(frames[chosen], parts)
        centres = np.zeros((parts, CENTRES, PART), np.float16)
        for part in range(parts):
            centres[part] = _fitted(sample[:, part], rng)
        codes = np.zeros((count, parts), np.uint8)
        for at in range(0, count, AT_ONCE):
            few = _parts(frames[at : at + AT_ONCE], parts)
            for part in range(parts):
                codes[at : at + AT_ONCE, part] = _nearest(few[:, part], centres[part].astype(np.float32))
        return cls(codes, centres, size)

    def __len__(self) -> int:
        return len(self.codes)

    def frames(self, first: int, last: int) -> NDArray[np.float32]:
        """(last - first, d) of the frames from ``first`` to before ``last``."""
        own = self.codes[first:last]
        found = self.centres[np.arange(self.codes.shape[1]), own].astype(np.float32)
        return found.reshape(len(own), self.centres.shape[0] * PART)[:, : self.size]

    def fit_together(self) -> bool:
        """Whether the arrays have the shapes and types that they should."""
        return (
            self.codes.ndim == 2
            and self.codes.dtype == np.uint8
            and self.centres.shape == (self.codes.shape[1], CENTRES, PART)
            and self.centres.dtype == np.float16
            and bool(np.isfinite(self.centres).all())
            and 0 <= self.codes.shape[1] * PART - self.size < PART
        )


def _parts(frames: NDArray[np.floating], parts: int) -> NDArray[np.float32]:
    """(n, parts, 8) of frames (n, d), filled up with zeros."""
    filled = np.zeros((len(frames), parts * PART), np.float32)
    filled[:, : frames.shape[1]] = frames
    return filled.reshape(len(frames), parts, PART)


def _fitted(rows: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    """(256, 8) centres of ``rows`` (n, 8), by Lloyd's algorithm; one that is nobody's nearest stays where it is."""
    centres = (
        rows[rng.integers(0, len(rows), CENTRES)] if len(rows) < CENTRES else rows[rng.permutation(len(rows))[:CENTRES]]
    )
    for _ in range(ROUNDS):
        own = _nearest(rows, centres)
        count = np.bincount(own, minlength=CENTRES)
        sums = np.stack([np.bincount(own, rows[:, k], CENTRES) for k in range(PART)], 1)
        centres = np.where(count[:, None] > 0, sums / np.maximum(count, 1)[:, None], centres).astype(np.float32)
    return centres


def _nearest(rows: NDArray[np.float32], centres: NDArray[np.float32]) -> NDArray[np.int64]:
    return (np.square(centres).sum(1) / 2 - rows @ centres.T).argmin(1)
