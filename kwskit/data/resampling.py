"""Other sample rates to 16 kHz."""

from functools import lru_cache
from math import gcd
from typing import NamedTuple

import numpy as np
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray

from kwskit.constants import SAMPLE_RATE

REACH = 32  # samples of the slower rate on each side of an output sample that it is made of
PASSED, KAISER = 0.94, 10.0  # share of the narrower band of which the filter passes half, and shape of its window
TOGETHER = 64  # output samples of a product of matrices


class Period(NamedTuple):
    """How the output samples of a period are made: those of a group are a product of the input samples around them.

    Attributes
    ----------
    outputs, inputs : samples of a period
    groups : first of the input samples of each group, and taps (input samples, output samples)
    """

    outputs: int
    inputs: int
    groups: tuple[tuple[int, NDArray[np.float32]], ...]


def resampled(samples: NDArray[np.floating], rate: int) -> NDArray[np.floating]:
    """(samples',) float at 16 kHz of ``samples`` (samples,) float at ``rate`` Hz, the same array where that is 16 kHz.

    Flat to 85 % of the narrower band, aliases below -100 dB. By a windowed sinc, of which only the taps that meet input
    samples are taken.
    """
    if rate == SAMPLE_RATE:
        return samples
    period = _period(rate)
    count = -(-len(samples) * SAMPLE_RATE // rate)
    periods = -(-count // period.outputs)
    before = -period.groups[0][0]
    after = max(first + len(taps) for first, taps in period.groups) + period.inputs * periods - len(samples)
    padded = np.pad(samples, (before, max(0, after)))
    result = np.empty((periods, period.outputs), samples.dtype)
    at, step = 0, padded.strides[0]
    with np.errstate(invalid="ignore"):
        for first, taps in period.groups:
            shape, strides = (periods, len(taps)), (period.inputs * step, step)
            seen = as_strided(padded[before + first :], shape, strides, writeable=False)
            result[:, at : at + taps.shape[1]] = seen @ taps
            at += taps.shape[1]
    return result.reshape(-1)[:count]


@lru_cache(maxsize=4)  # of a rate that shares no factor with 16 kHz, taps are up to 200 MB
def _period(rate: int) -> Period:
    divisor = gcd(rate, SAMPLE_RATE)
    up, down = SAMPLE_RATE // divisor, rate // divisor
    half = REACH * max(up, down)
    low_pass = np.sinc(PASSED / max(up, down) * np.arange(-half, half + 1)) * np.kaiser(2 * half + 1, KAISER)
    low_pass *= up / low_pass.sum()
    repeats = max(1, TOGETHER // up)
    groups = []
    for at in range(0, up * repeats, TOGETHER):
        # Tap k of an output sample stands at k - half, in samples of the common rate, from its place.
        place = np.arange(at, min(at + TOGETHER, up * repeats)) * down
        first, last = -(-(place[0] - half) // up), (place[-1] + half) // up
        tap = np.arange(first, last + 1)[:, None] * up - place + half
        inside = (tap >= 0) & (tap < len(low_pass))
        groups.append((int(first), np.where(inside, low_pass[tap.clip(0, len(low_pass) - 1)], 0.0).astype(np.float32)))
    return Period(up * repeats, down * repeats, tuple(groups))
