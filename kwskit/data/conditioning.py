"""From an engine's samples to a corpus utterance: resampled, trimmed, levelled (ours)."""

from fractions import Fraction
from functools import lru_cache

import numpy as np
from scipy.signal import butter, firwin, resample_poly, sosfilt

SAMPLE_RATE = 16000
FRAME, HOP = 160, 80  # 10 ms, 5 ms
FLOOR_DB = -42.0  # below the loudest frame: silence. Weak final fricatives lie above it.
MARGIN = 640  # 40 ms kept on both sides
HIGH_PASS = butter(2, 40.0, "highpass", fs=SAMPLE_RATE, output="sos")  # some espeak variants have an offset
LEVEL = 0.07  # RMS of the trimmed utterance, about -23 dBFS
PEAK = 0.9


def condition(samples: np.ndarray, sample_rate: int, warp: float = 1.0) -> np.ndarray:
    """(samples,) float at ``sample_rate`` Hz -> (samples',) int16 at 16 kHz, trimmed and levelled.

    ``warp`` scales the whole spectrum, formants and pitch, and shortens by the same factor, as a shorter vocal
    tract would; 1 leaves it. An utterance without sound comes back empty.
    """
    resampled = _resample(np.asarray(samples, np.float32), round(sample_rate * warp))
    trimmed = trim_silence(sosfilt(HIGH_PASS, resampled) if len(resampled) else resampled)
    peak = np.abs(trimmed).max(initial=0.0)
    if peak == 0.0:
        return np.zeros(0, np.int16)
    gain = min(LEVEL / np.sqrt(np.mean(trimmed**2, dtype=np.float64)), PEAK / peak)
    return np.round(trimmed * (gain * 32767.0)).astype(np.int16)


def trim_silence(samples: np.ndarray) -> np.ndarray:
    """(samples,) at 16 kHz without its silent ends, 40 ms of margin kept.

    Silence is 10 ms frames more than 42 dB below the loudest frame.
    """
    if len(samples) < FRAME:
        return samples
    energy = np.concatenate([[0.0], np.cumsum(samples.astype(np.float64) ** 2)])
    starts = np.arange(0, len(samples) - FRAME + 1, HOP)
    power = energy[starts + FRAME] - energy[starts]
    loud = np.flatnonzero(power > power.max() * 10 ** (FLOOR_DB / 10))
    if not len(loud):
        return samples[:0]
    return samples[max(0, starts[loud[0]] - MARGIN) : starts[loud[-1]] + FRAME + MARGIN]


def _resample(samples: np.ndarray, sample_rate: int) -> np.ndarray:
    ratio = Fraction(SAMPLE_RATE, sample_rate).limit_denominator(500)
    if ratio == 1 or not len(samples):
        return samples
    return resample_poly(samples, ratio.numerator, ratio.denominator, window=_low_pass(ratio)).astype(np.float32)


@lru_cache(maxsize=64)
def _low_pass(ratio: Fraction) -> np.ndarray:
    """Kaiser-windowed sinc with 16 zero crossings a side; its design costs more than filtering a word."""
    widest = max(ratio.numerator, ratio.denominator)
    return firwin(2 * 16 * widest + 1, 1.0 / widest, window=("kaiser", 8.0))
