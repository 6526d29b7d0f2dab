"""A stream's spectrogram, to look at."""

import numpy as np
from numpy.typing import NDArray

from kwskit.constants import SAMPLE_RATE

WINDOW, HOP, BINS = 512, 320, 257  # 32 ms every 20 ms
BANDS, LOWEST, HIGHEST = 64, 60.0, 7600.0
QUIETEST = -100.0  # dB of full scale


class Spectrogram:
    """Log-mel columns of sound that arrives in blocks of any size: 64 bands, 50 columns a second.

    A value is from 0, at most -100 dB of full scale, to 255, full scale; the first band is the lowest.
    """

    rate = SAMPLE_RATE / HOP

    def __init__(self) -> None:
        self._kept = np.zeros(WINDOW - HOP, np.float32)
        self._taper = np.hanning(WINDOW).astype(np.float32)
        self._bank = _mel_bank()

    def push(self, pcm: NDArray[np.int16]) -> NDArray[np.uint8]:
        """The columns (n, 64) that ``pcm`` (samples,), int16 at 16 kHz, completes."""
        sound = np.concatenate([self._kept, pcm.astype(np.float32) / 32768])
        count = max(0, (len(sound) - WINDOW) // HOP + 1)
        self._kept = sound[count * HOP :]
        if not count:
            return np.zeros((0, BANDS), np.uint8)
        frames = np.lib.stride_tricks.sliding_window_view(sound, WINDOW)[::HOP][:count]
        power = np.square(np.abs(np.fft.rfft(frames * self._taper))) / np.square(self._taper.sum() / 2)
        level = 10 * np.log10(power @ self._bank + 1e-12)
        return np.clip(np.rint((1 - level / QUIETEST) * 255), 0, 255).astype(np.uint8)


def _mel_bank() -> NDArray[np.float64]:
    """(bins, bands) triangles, equally spaced in mel (O'Shaughnessy 1987), each with a weight of one in all."""
    low, high = 2595 * np.log10(1 + np.array([LOWEST, HIGHEST]) / 700)
    edges = 700 * (10 ** (np.linspace(low, high, BANDS + 2) / 2595) - 1)
    bins = np.arange(BINS)[:, None] * SAMPLE_RATE / WINDOW
    rise = (bins - edges[:-2]) / (edges[1:-1] - edges[:-2])
    fall = (edges[2:] - bins) / (edges[2:] - edges[1:-1])
    bank = np.clip(np.minimum(rise, fall), 0, None)
    # The lowest bands lie between two bins: they take the nearest.
    empty = bank.sum(0) == 0
    bank[np.abs(bins - edges[1:-1]).argmin(0)[empty], np.flatnonzero(empty)] = 1
    return bank / bank.sum(0)
