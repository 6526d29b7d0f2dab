"""A recording of somebody saying a keyword."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from kwskit.spotting.listener import Listener
from kwskit.spotting.window_cutter import SAMPLE_RATE

FRAME = 160  # samples: 10 ms
BELOW = 30.0  # dB below the loudest frame where speech ends
MARGIN = 5  # frames kept on both sides
LONGEST = 5.0  # s


class SpokenExample(NamedTuple):
    """Embedding (dim,) of what is said in a recording, and how many seconds it takes."""

    embedding: NDArray[np.float32]
    seconds: float


def spoken_example(
    pcm: NDArray[np.int16], listen: Callable[[Sequence[float]], Listener[NDArray[np.float32]]]
) -> SpokenExample:
    """What is said in ``pcm`` (samples,), embedded in one window of its length.

    Raises
    ------
    ValueError
        When it is silent, or what is said takes longer than 5 s.
    """
    said = trimmed(pcm)
    seconds = len(said) / SAMPLE_RATE
    if seconds > LONGEST:
        raise ValueError(f"an example takes {seconds:.1f} s: a keyword is {LONGEST:g} s long at most; cut it out")
    listener = listen([seconds])
    heard = [*listener.push(said), *listener.finish()]
    return SpokenExample(heard[-1].kept[-1], seconds)


def trimmed(pcm: NDArray[np.int16]) -> NDArray[np.int16]:
    """``pcm`` from the first to the last 10 ms within 30 dB of the loudest, and 50 ms on both sides.

    Raises
    ------
    ValueError
        When there is no sound.
    """
    count = len(pcm) // FRAME
    level = np.sqrt(np.square(pcm[: count * FRAME].reshape(count, FRAME).astype(np.float64)).mean(1))
    if not level.max(initial=0) > 0:
        raise ValueError("an example is silent, or shorter than 10 ms")
    loud = np.flatnonzero(level > level.max() * 10 ** (-BELOW / 20))
    return pcm[max(0, loud[0] - MARGIN) * FRAME : (loud[-1] + 1 + MARGIN) * FRAME]
