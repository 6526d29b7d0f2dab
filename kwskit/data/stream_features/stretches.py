"""Recordings cut into stretches of a few seconds, between words."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pyarrow as pa

BEFORE, AFTER = 0.1, 0.2  # s of a recording around its words


class Stretch(NamedTuple):
    """A stretch of a recording: its file, seconds, and the rows (k,) of the manifest that lie in it."""

    path: str
    start: float
    stop: float
    rows: np.ndarray


def stretches(manifest: pa.Table, seconds: float = 4.0) -> Iterator[Stretch]:
    """The manifest's recordings in stretches that cut no segment and last ``seconds`` or a little longer.

    Around the first and the last segment of a stretch is up to 0.2 s of whatever the recording has there. What lies
    between two segments of a stretch is part of it, however long. Only the last stretch of a recording is shorter.
    """
    if not len(manifest):
        return
    order = manifest.append_column("row", pa.array(np.arange(len(manifest)))).sort_by(
        [("path", "ascending"), ("start", "ascending"), ("stop", "descending")]
    )
    paths = order["path"].to_pylist()
    starts, stops, rows = (order[name].to_numpy() for name in ("start", "stop", "row"))
    first, end = 0, stops[0]
    for k in range(1, len(rows) + 1):
        if k < len(rows) and paths[k] == paths[first] and (starts[k] < end or end - starts[first] < seconds):
            end = max(end, stops[k])
            continue
        yield Stretch(paths[first], max(0.0, starts[first] - BEFORE), end + AFTER, rows[first:k])
        if k < len(rows):
            first, end = k, stops[k]
