"""One worker's share of a packing job."""

from collections import Counter
from dataclasses import dataclass
from itertools import groupby

import numpy as np

from kwskit.data.audio import AudioError, AudioFormat, read_segments


@dataclass(frozen=True)
class PackedTask:
    """What reading a :class:`PackingTask` gave.

    Attributes
    ----------
    samples : (total,) int16, the good segments end to end
    lens : (good,) int64
    good : (rows,) bool
    reasons : why each of the other rows was refused, in order
    formats : number of files of every format
    """

    samples: np.ndarray
    lens: np.ndarray
    good: np.ndarray
    reasons: list[str]
    formats: Counter[AudioFormat]


@dataclass(frozen=True)
class PackingTask:
    """Consecutive segments to read, those of one file next to each other.

    Attributes
    ----------
    paths : a file per segment
    starts, stops : (rows,) seconds
    """

    paths: list[str]
    starts: np.ndarray
    stops: np.ndarray

    def run(self) -> PackedTask:
        """Read every segment; refused ones are noted, not raised."""
        found: list[np.ndarray | AudioError] = []
        formats: Counter[AudioFormat] = Counter()
        for path, rows in groupby(range(len(self.paths)), key=self.paths.__getitem__):
            own = list(rows)
            try:
                segments, audio_format = read_segments(path, self.starts[own].tolist(), self.stops[own].tolist())
            except AudioError as error:
                found += [error] * len(own)
                continue
            found += segments
            formats[audio_format] += 1
        good = [segment for segment in found if isinstance(segment, np.ndarray)]
        return PackedTask(
            samples=np.concatenate([np.zeros(0, np.int16), *good]),
            lens=np.array([len(segment) for segment in good], dtype=np.int64),
            good=np.array([isinstance(segment, np.ndarray) for segment in found], dtype=bool),
            reasons=[str(segment) for segment in found if not isinstance(segment, np.ndarray)],
            formats=formats,
        )
