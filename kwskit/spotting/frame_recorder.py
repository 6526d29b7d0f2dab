"""Sound in which no keyword is said, heard for thresholds by a model that hears phonemes."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kwskit.constants import SAMPLE_RATE
from kwskit.speech_model.frame_stream import FrameStream
from kwskit.speech_model.speech_model import SpeechModel
from kwskit.spotting.background_sound import BackgroundSound
from kwskit.spotting.frame_background import FrameBackground
from kwskit.spotting.peak_estimates import BackgroundError
from kwskit.spotting.said_words import SaidWords
from kwskit.spotting.sound import as_pcm
from kwskit.spotting.vector_codes import VectorCodes


class FrameRecorder:
    """Makes a :class:`FrameBackground` of recordings, one after the other.

    Parameters
    ----------
    model : that listens

    Attributes
    ----------
    seconds : recorded
    sound : what kind of sound that was
    """

    def __init__(self, model: SpeechModel):
        self.model = model
        self.seconds = 0.0
        self.sound = BackgroundSound()
        self._frames: list[NDArray[np.float16]] = []
        self._said: list[SaidWords] = []

    def record(self, blocks: Iterable[ArrayLike], said: SaidWords | None = None) -> None:
        """Hear one recording: blocks (samples,) of any size at 16 kHz, and the words that are known to be said."""
        stream, samples = FrameStream(self.model), 0
        offset = sum(map(len, self._frames)) * stream.shape.frame_seconds
        try:
            for block in blocks:
                pcm = as_pcm(block)
                samples += len(pcm)
                self.sound.add(pcm)
                self._frames.append(stream.push(pcm).astype(np.float16))
            self._frames.append(stream.finish().astype(np.float16))
            if said is not None:
                self._said.append(SaidWords(said.start + offset, said.stop + offset, said.pronunciations))
        finally:  # a recording that breaks off counts up to there
            self.seconds += samples / SAMPLE_RATE

    def background(self) -> FrameBackground:
        """Of all recordings so far.

        Raises
        ------
        BackgroundError
            When nothing was heard.
        """
        frames = [part for part in self._frames if len(part)]
        if not frames:
            raise BackgroundError("a background needs sound: nothing was heard")
        codes = VectorCodes.of(frames)
        shape = self.model.stream
        assert shape is not None
        return FrameBackground(self.model.digest, self.seconds, codes, shape.frame_seconds, SaidWords.join(self._said))
