"""Windows that a search has found, merged into hits."""

from collections.abc import Callable

import numpy as np

from kwskit.index.tables import NearestWindows
from kwskit.spotting.peak_picker import PeakPicker

WINDOWS_A_HIT = 8  # windows looked up at first for each hit that is wanted
MOST_WINDOWS = 20_000


def find_hits(
    look: Callable[[int], NearestWindows], top: int, refractory: float, min_score: float | None = None
) -> NearestWindows:
    """The ``top`` hits that score ``min_score`` or more, or all where there are fewer, the highest first.

    Parameters
    ----------
    look : ``(most) -> windows``, so many of each length
    top : number of hits
    refractory : hits of a file are at least so many seconds apart
    min_score : least score of a hit; None for any

    Raises
    ------
    ValueError
        When ``top`` is below 1.
    """
    if top < 1:
        raise ValueError(f"the number of hits is at least 1, not {top}")
    least = -np.inf if min_score is None else min_score
    most = max(64, WINDOWS_A_HIT * top)
    while True:
        near = look(most)
        hits = merged(near, refractory)
        if len(hits.score) >= top or near.floor < least or near.floor == -np.inf or most >= MOST_WINDOWS:
            return hits.take(np.flatnonzero(hits.score >= least)[:top])
        most *= 4


def merged(near: NearestWindows, refractory: float) -> NearestWindows:
    """The peaks of windows, at least ``refractory`` seconds from one another in a file, the highest first.

    Those that windows which have not been found might replace are left out.
    """
    kept = []
    for file in np.unique(near.file):
        mine = np.flatnonzero(near.file == file)
        mine = mine[np.argsort(near.score[mine])]  # a window found for two pronunciations: the higher score comes last
        start, stop = near.start[mine], near.stop[mine]
        peaks = PeakPicker(1, refractory).push(start, stop, near.score[mine, None], np.inf)
        rows = {(a, b): row for row, a, b in zip(mine.tolist(), start.tolist(), stop.tolist(), strict=True)}
        kept += [rows[a, b] for a, b in zip(peaks.start.tolist(), peaks.stop.tolist(), strict=True)]
    best = np.array(kept, np.int64)
    best = best[near.score[best] >= near.floor]
    return near.take(best[np.lexsort((near.start[best], near.file[best], -near.score[best]))])
