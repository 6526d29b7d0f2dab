"""Vectors of hours of sound, such as frames and embedded windows, in a few bytes each."""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

PARTS = (2, 4, 8)  # numbers of a vector that share a byte: the fewer, the less is lost
MOST = 6_000_000  # bytes of codes that are not to be exceeded while more numbers can share one
CENTRES = 256
SAMPLE, ROUNDS = 16_384, 12  # vectors that axes and centres are fitted to, and how often centres are moved
AT_ONCE = 16_384


@dataclass(frozen=True, eq=False)
class VectorCodes:
    """Product quantisation (Jégou et al. 2011) of d numbers by P bytes, d / 2, d / 4 or, of many vectors, d / 8.

    Vectors are turned to their principal axes, which are dealt out so that all P parts vary alike (Ge et al. 2013,
    parametric); of each part, of s axes, the nearest of 256 centres is kept.

    Attributes
    ----------
    codes : (n, P) uint8
    centres : (P, 256, s) float16
    axes : (s P, d) float16, of length 1; rows beyond d are zeros
    origin : (d,) float32, of the axes
    """

    codes: NDArray[np.uint8]
    centres: NDArray[np.float16]
    axes: NDArray[np.float16]
    origin: NDArray[np.float32]

    @classmethod
    def of(cls, vectors: Sequence[NDArray[np.floating]], seed: int = 0) -> "VectorCodes":
        """The codes of ``vectors``, arrays (n_i, d) in a row, of which one is not empty.

        Axes and centres are fitted to a sample that is drawn with ``seed``, the centres by k-means.
        """
        rng = np.random.default_rng(seed)
        sample = _sample(vectors, rng)
        numbers = sum(some.size for some in vectors)
        part = next((part for part in PARTS if numbers / part <= MOST), PARTS[-1])
        origin = sample.mean(0)
        axes = _axes(sample - origin, part)
        turned = ((sample - origin) @ axes.T).reshape(len(sample), -1, part)
        centres = np.stack([_fitted(turned[:, k], rng) for k in range(turned.shape[1])]).astype(np.float16)
        blocks = (some[at : at + AT_ONCE] for some in vectors for at in range(0, len(some), AT_ONCE))
        codes = [_codes((few.astype(np.float32) - origin) @ axes.T, centres) for few in blocks]
        return cls(np.concatenate(codes), centres, axes.astype(np.float16), origin)

    @property
    def size(self) -> int:
        """d, numbers of a vector."""
        return len(self.origin)

    def __len__(self) -> int:
        return len(self.codes)

    def vectors(self, rows: slice | NDArray[np.integer]) -> NDArray[np.float32]:
        """(m, d), the vectors ``rows``, as nearly as they are known."""
        own = self.codes[rows]
        turned = self.centres[np.arange(own.shape[1]), own].astype(np.float32).reshape(len(own), len(self.axes))
        return turned @ self.axes.astype(np.float32) + self.origin

    def nearest(self, vectors: NDArray[np.floating]) -> NDArray[np.float32]:
        """``vectors`` (m, d), others perhaps than those of the codes, as nearly as codes would tell them."""
        axes, found = self.axes.astype(np.float32), np.zeros((len(vectors), self.size), np.float32)
        for at in range(0, len(vectors), AT_ONCE):
            codes = _codes((vectors[at : at + AT_ONCE].astype(np.float32) - self.origin) @ axes.T, self.centres)
            found[at : at + AT_ONCE] = replace(self, codes=codes).vectors(slice(None))
        return found

    def products(self, rows: NDArray[np.integer], others: NDArray[np.floating]) -> NDArray[np.float32]:
        """(m, k): the inner products of the vectors ``rows`` with ``others`` (k, d), by a table for each of these."""
        parts = self.codes.shape[1]
        turned = (others.astype(np.float32) @ self.axes.T.astype(np.float32)).reshape(len(others), parts, -1)
        tables = np.einsum("kpx,pcx->pck", turned, self.centres.astype(np.float32))
        found = np.tile((others @ self.origin).astype(np.float32), (len(rows), 1))
        for part in range(parts):
            found += tables[part][self.codes[rows, part]]
        return found

    def fit_together(self) -> bool:
        """Whether the arrays have the shapes and types that they should."""
        if self.codes.ndim != 2 or self.origin.ndim != 1 or self.centres.ndim != 3:
            return False
        parts, part, size = self.codes.shape[1], self.centres.shape[2], len(self.origin)
        kinds = (self.codes.dtype, self.centres.dtype, self.axes.dtype, self.origin.dtype)
        return (
            kinds == (np.uint8, np.float16, np.float16, np.float32)
            and self.centres.shape == (parts, CENTRES, part)
            and self.axes.shape == (parts * part, size)
            and 0 <= parts * part - size < part
            and all(bool(np.isfinite(array).all()) for array in (self.centres, self.axes, self.origin))
        )

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Those of a file."""
        return {one.name: getattr(self, one.name) for one in fields(self)}

    @classmethod
    def of_arrays(cls, arrays: dict[str, NDArray[Any]]) -> "VectorCodes":
        """Those that :meth:`arrays` has given; KeyError or ValueError where they are none such."""
        found = cls(**{one.name: arrays[one.name] for one in fields(cls)})
        if not found.fit_together():
            raise ValueError("its codes do not fit together")
        return found


def _sample(vectors: Sequence[NDArray[np.floating]], rng: np.random.Generator) -> NDArray[np.float32]:
    ends = np.cumsum([len(some) for some in vectors])
    count = int(ends[-1])
    chosen = np.sort(rng.choice(count, min(count, SAMPLE), replace=False))
    bounds = np.searchsorted(chosen, ends)
    starts = [0, *bounds[:-1].tolist()]
    own = zip(vectors, starts, bounds.tolist(), ends.tolist(), strict=True)
    return np.concatenate([some[chosen[a:b] - (end - len(some))] for some, a, b, end in own]).astype(np.float32)


def _axes(sample: NDArray[np.float32], part: int) -> NDArray[np.float32]:
    """Principal axes of ``sample`` (n, d), whose mean is 0: each goes to the part whose axes vary least together."""
    size = sample.shape[1]
    parts = -(-size // part)
    variance, vectors = np.linalg.eigh(sample.T.astype(np.float64) @ sample / len(sample))
    axes = np.zeros((parts * part, size), np.float32)
    product, taken = np.zeros(parts), np.zeros(parts, np.int64)
    floor = max(float(variance[-1]), 1e-30) * 1e-6  # a product of ratios to it grows with every axis
    for k in np.argsort(-variance, kind="stable").tolist():
        own = int(np.where(taken < part, product, np.inf).argmin())
        axes[own * part + taken[own]] = vectors[:, k]
        product[own] += np.log(max(float(variance[k]), floor) / floor)
        taken[own] += 1
    return axes


def _codes(turned: NDArray[np.float32], centres: NDArray[np.float16]) -> NDArray[np.uint8]:
    rows = turned.reshape(len(turned), len(centres), -1)
    own = [_nearest(rows[:, part], centre) for part, centre in enumerate(centres.astype(np.float32))]
    return np.stack(own, 1).astype(np.uint8)


def _fitted(rows: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    """(256, s) centres of ``rows`` (n, s), by Lloyd's algorithm; one that is nobody's nearest stays where it is."""
    centres = (
        rows[rng.integers(0, len(rows), CENTRES)] if len(rows) < CENTRES else rows[rng.permutation(len(rows))[:CENTRES]]
    )
    for _ in range(ROUNDS):
        own = _nearest(rows, centres)
        count = np.bincount(own, minlength=CENTRES)
        sums = np.stack([np.bincount(own, rows[:, k], CENTRES) for k in range(rows.shape[1])], 1)
        centres = np.where(count[:, None] > 0, sums / np.maximum(count, 1)[:, None], centres).astype(np.float32)
    return centres


def _nearest(rows: NDArray[np.float32], centres: NDArray[np.float32]) -> NDArray[np.int64]:
    return (np.square(centres).sum(1) / 2 - rows @ centres.T).argmin(1)
