"""A phrase that an engine spoke, with the time of each word."""

from dataclasses import dataclass

import numpy as np


class UntimedSpeech(ValueError):
    """A phrase whose words an engine spoke without telling where each lies; the message says which."""


@dataclass(frozen=True)
class TimedSpeech:
    """What :meth:`kwskit.synthesis.voices.voice.Voice.speak_words` gives.

    Attributes
    ----------
    samples : (samples,) float32 in [-1, 1]
    sample_rate : Hz
    spans : (words, 2) float64, begin and end of each word in seconds, in order and without overlap; pauses lie between
    """

    samples: np.ndarray
    sample_rate: int
    spans: np.ndarray
