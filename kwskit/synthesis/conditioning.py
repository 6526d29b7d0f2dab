"""From an engine's samples to a corpus utterance: resampled, trimmed, levelled (ours)."""

from fractions import Fraction
from functools import lru_cache

import numpy as np
from scipy.signal import butter, firwin, resample_poly, sosfilt

from kwskit.constants import SAMPLE_RATE

FRAME, HOP = 160, 80  # 10 ms, 5 ms
FLOOR_DB = -42.0  # below the loudest frame: silence. Weak final fricatives lie above it.
MARGIN = 640  # 40 ms kept on both sides
SPAN_MARGIN = 0.02  # s kept around the sound of a word in a phrase
HIGH_PASS = butter(2, 40.0, "highpass", fs=SAMPLE_RATE, output="sos")  # some espeak variants have an offset
LEVEL = 0.07  # RMS of the trimmed utterance, about -23 dBFS
PEAK = 0.9


def condition(samples: np.ndarray, sample_rate: int, warp: float = 1.0) -> np.ndarray:
    """(samples,) float at ``sample_rate`` Hz -> (samples',) int16 at 16 kHz, trimmed and levelled.

    ``warp`` scales the whole spectrum, formants and pitch, and shortens by the same factor, as a shorter vocal
    tract would; 1 leaves it. An utterance without sound comes back empty.
    """
    return condition_timed(samples, sample_rate, np.zeros((0, 2)), warp)[0]


def condition_timed(
    samples: np.ndarray, sample_rate: int, spans: np.ndarray, warp: float = 1.0
) -> tuple[np.ndarray, np.ndarray]:
    """:func:`condition`, with (words, 2) ``spans`` in seconds of ``samples`` moved along; they end where it ends."""
    played = round(sample_rate * warp)
    resampled = _resample(np.asarray(samples, np.float32), played)
    filtered = sosfilt(HIGH_PASS, resampled) if len(resampled) else resampled
    first, behind = _sounding(filtered)
    trimmed = filtered[first:behind]
    moved = np.asarray(spans, np.float64) * (sample_rate / played) - first / SAMPLE_RATE
    moved = np.clip(moved, 0.0, len(trimmed) / SAMPLE_RATE)
    peak = np.abs(trimmed).max(initial=0.0)
    if peak == 0.0:
        return np.zeros(0, np.int16), np.zeros_like(moved)
    gain = min(LEVEL / np.sqrt(np.mean(trimmed**2, dtype=np.float64)), PEAK / peak)
    return np.round(trimmed * (gain * 32767.0)).astype(np.int16), moved


def tightened(samples: np.ndarray, spans: np.ndarray) -> np.ndarray:
    """(words, 2) ``spans`` in seconds of ``samples`` (samples,) at 16 kHz, without the silence in their ends.

    Silence is 10 ms frames more than 42 dB below the loudest frame of all ``samples``; 20 ms of it are kept. A span
    without sound comes back empty, its end at its begin.
    """
    power = _power(samples)
    loud = power > power.max(initial=0.0) * 10 ** (FLOOR_DB / 10)
    tight = []
    for begin, end in spans:
        own = np.arange(max(0, round(begin * SAMPLE_RATE / HOP)), min(len(loud), round(end * SAMPLE_RATE / HOP) - 1))
        sounding = own[loud[own]]
        if len(sounding):
            first, last = sounding[0] * HOP / SAMPLE_RATE, (sounding[-1] * HOP + FRAME) / SAMPLE_RATE
            tight.append((max(begin, first - SPAN_MARGIN), min(end, last + SPAN_MARGIN)))
        else:
            tight.append((begin, begin))
    return np.asarray(tight, np.float64).reshape(-1, 2)


def _sounding(samples: np.ndarray) -> tuple[int, int]:
    """First sample and the one behind the last that are kept: silent ends go, but for 40 ms of margin.

    Silence is 10 ms frames more than 42 dB below the loudest frame.
    """
    if len(samples) < FRAME:
        return 0, len(samples)
    power = _power(samples)
    loud = np.flatnonzero(power > power.max() * 10 ** (FLOOR_DB / 10))
    if not len(loud):
        return 0, 0
    return max(0, loud[0] * HOP - MARGIN), min(len(samples), loud[-1] * HOP + FRAME + MARGIN)


def _power(samples: np.ndarray) -> np.ndarray:
    """(frames,) energy of the 10 ms behind every 5 ms."""
    energy = np.concatenate([[0.0], np.cumsum(samples.astype(np.float64) ** 2)])
    starts = np.arange(0, max(0, len(samples) - FRAME + 1), HOP)
    return energy[starts + FRAME] - energy[starts]


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
