"""Scores normalised by those of other words."""

from collections.abc import Collection, Sequence
from importlib.resources import files
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from kwskit.text.normal_form import normal_form

F = TypeVar("F", bound=np.floating)
LEAST_DEVIATION = 1e-6
# The score of a pair that no alignment fits, as kwskit.batch has it; that module needs torch.
INFEASIBLE = -1e4


def cohort_words(count: int, without: Collection[str] = ()) -> list[str]:
    """The first ``count`` of 360 English words, in a fixed random order, that are not among ``without``.

    Raises
    ------
    ValueError
        When there are not so many.
    """
    listed = (files("kwskit.spotting") / "cohort.tsv").read_text("utf-8").split()[1:]
    taken = {normal_form(text) for text in without}
    found = [word for word in listed if word not in taken]
    if count > len(found):
        raise ValueError(f"a cohort of {count} words: there are only {len(found)} others than the queries")
    return found[:count]


def normalised(scores: NDArray[F], cohort: NDArray[F]) -> NDArray[F]:
    """``scores`` (N, Q) of N windows, less the mean of ``cohort`` (N, C) and over its deviation, window by window.

    The cohort are scores of other words with the same windows (T-norm, Auckenthaler et al. 2000); those of pairs that
    no alignment fits are left out.
    """
    fits = cohort > INFEASIBLE
    count = fits.sum(1, keepdims=True)
    known = np.where(fits, cohort, 0).astype(np.float64)
    mean = known.sum(1, keepdims=True) / np.maximum(count, 1)
    spread = np.where(fits, np.square(known - mean), 0).sum(1, keepdims=True) / np.maximum(count, 1)
    deviation = np.where(count > 1, np.maximum(np.sqrt(spread), LEAST_DEVIATION), 1)
    return ((scores - mean) / deviation).astype(scores.dtype)


def one_a_word(words: Sequence[int], without: Collection[int], count: int) -> list[int]:
    """At most ``count`` rows, the first of each word of ``words`` (N,) that is not among ``without``."""
    found: dict[int, int] = {}
    for row, word in enumerate(words):
        if word not in without:
            found.setdefault(word, row)
    return list(found.values())[:count]
