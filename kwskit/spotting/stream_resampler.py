"""A stream at another rate, resampled as it arrives."""

from collections.abc import Iterable, Iterator
from fractions import Fraction

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kwskit.constants import SAMPLE_RATE
from kwskit.data.resampling import REACH, resampled
from kwskit.spotting.sound import as_pcm

SECONDS = 0.02  # of a step, about
LOWEST, HIGHEST = 4_000, 384_000


class StreamResampler:
    """16 kHz of a stream at another rate: what comes out does not depend on how the stream is cut into blocks.

    The stream is resampled in steps of about 20 ms, each with what surrounds it.

    Parameters
    ----------
    rate : in Hz

    Raises
    ------
    ValueError
        When the rate is out of its range.
    """

    def __init__(self, rate: int):
        if not LOWEST <= rate <= HIGHEST:
            raise ValueError(f"a sample rate is from {LOWEST:,} to {HIGHEST:,} Hz, not {rate}")
        self.rate = rate
        ratio = Fraction(SAMPLE_RATE, rate)
        self._period = ratio.denominator  # input samples of a whole number of output samples
        self._step = self._period * max(1, round(SECONDS * rate / self._period))
        reach = int(np.ceil((REACH + 1) * max(1.0, rate / SAMPLE_RATE)))
        self._context = self._period * -(-reach // self._period)
        self._kept = np.zeros(self._context, np.float32)
        self._received = self._given = 0

    def push(self, samples: ArrayLike) -> NDArray[np.int16]:
        """The samples (n,) at 16 kHz that are certain after ``samples``, int16 or float in [-1, 1].

        Raises
        ------
        ValueError
            For samples of another type or shape, or not finite.
        """
        block = as_pcm(samples).astype(np.float32) / 32768
        self._received += len(block)
        self._kept = np.concatenate([self._kept, block])
        parts = [np.zeros(0, np.int16)]
        while len(self._kept) >= 2 * self._context + self._step:
            parts.append(self._one_step())
        return np.concatenate(parts)

    def finish(self) -> NDArray[np.int16]:
        """The samples that waited for the stream to go on."""
        left = self._received * SAMPLE_RATE // self.rate - self._given
        parts = [np.zeros(0, np.int16)]
        while left > sum(map(len, parts)):
            missing = 2 * self._context + self._step - len(self._kept)
            self._kept = np.concatenate([self._kept, np.zeros(max(0, missing), np.float32)])
            parts.append(self._one_step())
        return np.concatenate(parts)[:left]

    def _one_step(self) -> NDArray[np.int16]:
        around = resampled(self._kept[: 2 * self._context + self._step], self.rate)
        first, count = (size * SAMPLE_RATE // self.rate for size in (self._context, self._step))
        self._kept = self._kept[self._step :]
        self._given += count
        return np.clip(np.rint(around[first : first + count] * 32768.0), -32768, 32767).astype(np.int16)


def resampled_blocks(blocks: Iterable[ArrayLike], rate: int) -> Iterator[ArrayLike]:
    """Blocks (samples,) at ``rate`` Hz as blocks at 16 kHz; those that are at 16 kHz already stay as they are.

    Raises
    ------
    ValueError
        When the rate is out of its range, or for samples that :meth:`StreamResampler.push` refuses.
    """
    if rate == SAMPLE_RATE:
        yield from blocks
        return
    resampler = StreamResampler(rate)
    for block in blocks:
        yield resampler.push(block)
    yield resampler.finish()
