"""Pairs that cannot be aligned."""

from torch import Tensor

# Below any score that a matcher gives to a pair it can align, and finite in half precision.
INFEASIBLE = -1e4


def scored(score: Tensor) -> Tensor:
    """(N,) bool: the pairs whose ``score`` (N,) is not the mark of an infeasible alignment."""
    return score > INFEASIBLE
