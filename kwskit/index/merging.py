"""Windows merged into hits."""

import numpy as np

from kwskit.index.tables import Near
from kwskit.spotting.peak_picker import PeakPicker


def merged(near: Near, refractory: float) -> Near:
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
