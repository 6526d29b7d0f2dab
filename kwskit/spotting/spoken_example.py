"""A recording of somebody saying a keyword."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from kwskit.constants import SAMPLE_RATE
from kwskit.speech_model.frame_stream import FrameStream
from kwskit.speech_model.speech_model import SpeechModel
from kwskit.spotting.windows.listener import Listener

FRAME = 160  # samples: 10 ms
BELOW, SHARE = 30.0, 0.3  # speech ends so many dB below the loudest frame, or at this share of the way up from noise
GAP = 25  # quiet frames within a phrase, at most
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
    said = said_in(pcm)
    seconds = len(said) / SAMPLE_RATE
    listener = listen([seconds])
    windows = [*listener.push(said), *listener.finish()]
    return SpokenExample(windows[-1].kept[-1], seconds)


def heard_phonemes(model: SpeechModel, recordings: Sequence[NDArray[np.int16]]) -> list[list[int]]:
    """Tokens that a model with phonemes hears in each of ``recordings`` (samples,), those of none left out.

    Raises
    ------
    ValueError
        When it hears none in any of them.
    """
    found = []
    for pcm in recordings:
        best = phoneme_log_probs(model, trimmed(pcm)).argmax(1)
        kept = best[np.append(True, best[1:] != best[:-1])]
        found.append([int(one) for one in kept if one != model.blank])
    if not any(found):
        raise ValueError("no phoneme is heard in the examples: type the keyword, too")
    return [one for one in found if one]


def phoneme_log_probs(model: SpeechModel, pcm: NDArray[np.int16]) -> NDArray[np.float32]:
    """Log-probabilities (T, V) of tokens and blank in the frames of ``pcm`` (samples,), for a model with phonemes."""
    stream = FrameStream(model)
    return model.log_probs(np.concatenate([stream.push(pcm), stream.finish()]))


def said_in(pcm: NDArray[np.int16]) -> NDArray[np.int16]:
    """What is said in an example, as :func:`trimmed` finds it.

    Raises
    ------
    ValueError
        When it is silent, or what is said takes longer than 5 s.
    """
    said = trimmed(pcm)
    seconds = len(said) / SAMPLE_RATE
    if seconds > LONGEST:
        raise ValueError(f"an example takes {seconds:.1f} s: a keyword is {LONGEST:g} s long at most; cut it out")
    return said


def trimmed(pcm: NDArray[np.int16]) -> NDArray[np.int16]:
    """What is said in ``pcm``, with 50 ms on both sides (ours).

    A frame of 10 ms is loud within 30 dB of the loudest one, and at least 30 % of the way, in dB, from the noise (the
    10th percentile) to it. Of the stretches of loud frames, gaps of 0.25 s allowed, the one with most energy is kept.

    Raises
    ------
    ValueError
        When there is no sound.
    """
    count = len(pcm) // FRAME
    power = np.square(pcm[: count * FRAME].reshape(count, FRAME).astype(np.float64)).mean(1)
    if not power.max(initial=0) > 0:
        raise ValueError("an example is silent, or shorter than 10 ms")
    level = 10 * np.log10(np.maximum(power, 1e-3))
    noise, peak = np.percentile(level, 10), level.max()
    loud = np.flatnonzero(level >= max(peak - BELOW, noise + SHARE * (peak - noise)))
    stretches = np.split(loud, np.flatnonzero(np.diff(loud) > GAP) + 1)
    best = max(stretches, key=lambda frames: power[frames].sum())
    return pcm[max(0, best[0] - MARGIN) * FRAME : (best[-1] + 1 + MARGIN) * FRAME]
