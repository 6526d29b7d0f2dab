"""Scores normalised by those of other words."""

from collections.abc import Collection, Sequence
from importlib.resources import files

import torch
from torch import Tensor

from kwskit.batch import INFEASIBLE

LEAST_DEVIATION = 1e-6


def cohort_words(count: int, without: Collection[str] = ()) -> list[str]:
    """The first ``count`` of 360 English words, in a fixed random order, that are not among ``without``.

    Raises
    ------
    ValueError
        When there are not so many.
    """
    listed = (files("kwskit.spotting") / "cohort.tsv").read_text("utf-8").split()[1:]
    taken = {text.lower() for text in without}
    found = [word for word in listed if word not in taken]
    if count > len(found):
        raise ValueError(f"a cohort of {count} words: there are only {len(found)} others than the queries")
    return found[:count]


def normalised(scores: Tensor, cohort: Tensor) -> Tensor:
    """``scores`` (N, Q) of N windows, less the mean of ``cohort`` (N, C) and over its deviation, window by window.

    The cohort are scores of other words with the same windows (T-norm, Auckenthaler et al. 2000); those of pairs that
    no alignment fits are left out.
    """
    fits = cohort > INFEASIBLE
    count = fits.sum(1, keepdim=True)
    known = torch.where(fits, cohort, 0).double()
    mean = known.sum(1, keepdim=True) / count.clamp(min=1)
    spread = torch.where(fits, (known - mean).square(), 0).sum(1, keepdim=True) / count.clamp(min=1)
    deviation = torch.where(count > 1, spread.sqrt().clamp(min=LEAST_DEVIATION), 1)
    return ((scores - mean) / deviation).to(scores.dtype)


def one_a_word(words: Sequence[int], without: Collection[int], count: int) -> list[int]:
    """At most ``count`` rows, the first of each word of ``words`` (N,) that is not among ``without``."""
    found: dict[int, int] = {}
    for row, word in enumerate(words):
        if word not in without:
            found.setdefault(word, row)
    return list(found.values())[:count]
