"""Windows merged into hits."""

from typing import Any

import numpy as np

from kwskit.index.tables import Near
from kwskit.spotting.peak_picker import PeakPicker


def merged(near: Near, refractory: float) -> Near:
    """The peaks of windows, at least ``refractory`` seconds from one another in a file, the highest first.

    Those that windows which have not been found might replace are left out.
    """
    parts = []
    for file in np.unique(near.file):
        mine = near.file == file
        found = PeakPicker(1, refractory).push(near.start[mine], near.stop[mine], near.score[mine, None], np.inf)
        parts.append((np.full(len(found.score), file), found.start, found.stop, found.score))
    if not parts:
        return near
    columns: Any = [np.concatenate(column) for column in zip(*parts, strict=True)]
    file, start, _, score = columns
    best = np.lexsort((start, file, -score))
    best = best[score[best] >= near.floor]
    columns = [*(column[best] for column in columns), near.floor]
    return Near(*columns)
