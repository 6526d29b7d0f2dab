"""What judges the windows of an adapted keyword."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

UNITS, MOST_PARAMETERS = 48, 100_000
REACH = 4.0  # by which a score moves at most: what sounds like nothing that was trained with stays near its typed score


@dataclass(frozen=True, eq=False)
class AdaptedHead:
    """A verifier over the embedding x of a window and its typed score s: s + R tanh(relu([x, s] H + b) w / R) (ours).

    With w = 0, as training begins, it is the typed score.

    Attributes
    ----------
    hidden : (dim + 1, units) float32, H; its last row is that of the score
    bias : (units,) float32, b
    out : (units,) float32, w
    background : identity of the background of which it was trained with a half; empty for none
    """

    hidden: NDArray[np.float32]
    bias: NDArray[np.float32]
    out: NDArray[np.float32]
    background: str = ""

    def __call__(self, windows: NDArray[np.float32], score: NDArray[np.floating]) -> NDArray[np.float32]:
        """Scores (n,) of windows (n, dim) whose typed scores are ``score`` (n,)."""
        inner = windows @ self.hidden[:-1] + np.asarray(score, np.float32)[:, None] * self.hidden[-1] + self.bias
        return (score + REACH * np.tanh(np.maximum(inner, 0) @ self.out / REACH)).astype(np.float32)

    @classmethod
    def unmoved(cls, dim: int, background: str = "", seed: int = 0) -> "AdaptedHead":
        """One that leaves scores as they are: H is drawn with ``seed`` so that inputs count alike, b and w are 0."""
        scale = np.append(np.ones(dim), 1 / np.sqrt(dim))  # an embedding is of length 1, a score of some units
        hidden = np.random.default_rng(seed).normal(size=(dim + 1, UNITS)) * scale[:, None]
        return cls(hidden.astype(np.float32), np.zeros(UNITS, np.float32), np.zeros(UNITS, np.float32), background)

    @property
    def dim(self) -> int:
        """Size of an embedding."""
        return len(self.hidden) - 1

    def check(self) -> None:
        """Raise ValueError where its arrays do not fit together, are not finite, or are too many numbers."""
        arrays = (self.hidden, self.bias, self.out)
        units = self.hidden.shape[1] if self.hidden.ndim == 2 else -1
        if self.dim < 1 or self.bias.shape != (units,) or self.out.shape != (units,):
            raise ValueError("the weights of its head do not fit together")
        if sum(array.size for array in arrays) > MOST_PARAMETERS:
            raise ValueError(f"its head has more than {MOST_PARAMETERS:,} weights")
        if any(array.dtype != np.float32 or not np.isfinite(array).all() for array in arrays):
            raise ValueError("the weights of its head are not all finite float32 numbers")
