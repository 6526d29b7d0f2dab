"""Other sample rates to 16 kHz."""

from functools import lru_cache
from math import gcd

import numpy as np
import scipy.signal

from kwskit.constants import SAMPLE_RATE


def resampled(samples: np.ndarray, rate: int) -> np.ndarray:
    """(samples',) float at 16 kHz of ``samples`` (samples,) float at ``rate`` Hz.

    Flat to 85 % of the narrower band, aliases below -100 dB.
    """
    up, down, taps = _resampling(rate)
    with np.errstate(invalid="ignore"):
        return scipy.signal.resample_poly(samples, up, down, window=taps)


@lru_cache(maxsize=16)
def _resampling(rate: int) -> tuple[int, int, np.ndarray]:
    """Factors and low-pass filter from ``rate`` to 16 kHz."""
    divisor = gcd(rate, SAMPLE_RATE)
    up, down = SAMPLE_RATE // divisor, rate // divisor
    slowest = max(up, down)
    taps = scipy.signal.firwin(64 * slowest + 1, 0.94 / slowest, window=("kaiser", 10.0))
    return up, down, taps.astype(np.float32)
