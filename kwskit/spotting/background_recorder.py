"""Sound in which no keyword is said, heard for thresholds."""

from collections.abc import Callable, Iterable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kwskit.constants import SAMPLE_RATE
from kwskit.speech_model.speech_model import SpeechModel
from kwskit.spotting.background import Background
from kwskit.spotting.background_sound import BackgroundSound
from kwskit.spotting.cohort_embeddings import CohortEmbeddings
from kwskit.spotting.expected_duration import WINDOWS
from kwskit.spotting.peak_estimates import BackgroundError
from kwskit.spotting.phoneme_background import PhonemeBackground, costs_of
from kwskit.spotting.said_words import SaidWords
from kwskit.spotting.sound import as_pcm
from kwskit.spotting.vector_codes import VectorCodes
from kwskit.spotting.windows.listener import EncodedWindows, Listener

APART = 10.0  # s between recordings, so that no peak is merged with one of another


class BackgroundRecorder:
    """Makes a :class:`Background` of recordings, with windows of all lengths that any keyword may use.

    An hour takes 450,000 windows, each with two bytes for every dimension of its embedding while it is recorded.

    Parameters
    ----------
    model : that listens
    cohort : embedded by it
    listen : makes a listener for windows of some lengths in seconds, which hands frames to a function, if there is one
    streaming : whether that makes windows of the frames of a stream
    hop : seconds between its windows

    Attributes
    ----------
    seconds : recorded
    sound : what kind of sound that was
    """

    def __init__(
        self,
        model: SpeechModel,
        cohort: CohortEmbeddings,
        listen: Callable[..., Listener[NDArray[np.float32]]],
        streaming: bool,
        hop: float,
    ):
        self.model, self.cohort, self.streaming, self.hop = model, cohort, streaming, hop
        self.seconds = 0.0
        self.sound = BackgroundSound()
        self._listen = listen
        self._offset = 0.0
        self._parts: list[tuple[NDArray, ...]] = []
        self._said: list[SaidWords] = []
        self._phonemes: list[tuple[float, list[NDArray[np.uint8]]]] = []  # where each recording begins, and its own

    def record(self, blocks: Iterable[ArrayLike], said: SaidWords | None = None) -> None:
        """Hear one recording: blocks (samples,) of any size at 16 kHz, and the words that are known to be said."""
        heard: list[NDArray[np.uint8]] = []
        listener, samples = self._listen(WINDOWS, self._hear(heard)), 0
        try:
            for block in blocks:
                pcm = as_pcm(block)
                samples += len(pcm)
                self.sound.add(pcm)
                for windows in listener.push(pcm):
                    self._keep(windows)
            for windows in listener.finish():
                self._keep(windows)
            if said is not None:
                self._said.append(SaidWords(said.start + self._offset, said.stop + self._offset, said.pronunciations))
        finally:  # a recording that breaks off counts up to there
            self.seconds += samples / SAMPLE_RATE
            self._phonemes.append((self._offset, heard))
            self._offset += samples / SAMPLE_RATE + APART

    def background(self) -> Background:
        """Of all recordings so far.

        Raises
        ------
        BackgroundError
            When nothing was heard.
        """
        if not self._parts:
            raise BackgroundError("a background needs sound: nothing was heard")
        start, stop, embeddings, mean, deviation = zip(*self._parts, strict=True)
        return Background(
            digest=self.model.digest,
            streaming=self.streaming,
            hop=self.hop,
            windows=WINDOWS,
            seconds=self.seconds,
            start=np.concatenate(start),
            stop=np.concatenate(stop),
            codes=VectorCodes.of(embeddings),
            mean=np.concatenate(mean),
            deviation=np.concatenate(deviation),
            said=SaidWords.join(self._said),
            phonemes=self._heard_phonemes(),
        )

    def _hear(self, heard: list[NDArray[np.uint8]]) -> Callable[[NDArray[np.float32]], None] | None:
        """What adds to ``heard`` what the phonemes of frames cost, for a model that hears them in a stream."""
        if not self.streaming or self.model.blank is None:
            return None
        return lambda frames: heard.append(costs_of(self.model.log_probs(frames))) if len(frames) else None

    def _heard_phonemes(self) -> PhonemeBackground | None:
        blank, shape = self.model.blank, self.model.stream
        parts = [(begin, np.concatenate(heard)) for begin, heard in self._phonemes if heard]
        if not parts or blank is None or shape is None:
            return None
        counts = [len(costs) for _, costs in parts]
        first = np.cumsum([0, *counts[:-1]])
        begin = np.array([begin for begin, _ in parts])
        return PhonemeBackground(np.concatenate([one for _, one in parts]), begin, first, blank, shape.frame_seconds)

    def _keep(self, windows: EncodedWindows[NDArray[np.float32]]) -> None:
        others = self.cohort.scores(windows.kept).astype(np.float64)
        mean, deviation = others.mean(1).astype(np.float16), np.maximum(others.std(1), 1e-6).astype(np.float16)
        start, stop = windows.start + self._offset, windows.stop + self._offset
        self._parts.append((start, stop, windows.kept.astype(np.float16), mean, deviation))
