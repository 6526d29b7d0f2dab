"""What every synthesis engine offers the synthetic corpus."""

import importlib
from collections.abc import Sequence
from types import ModuleType

import numpy as np

from kwskit.synthesis.voices.timed_speech import TimedSpeech

MARKS = ",.?!"  # what may follow a word in a phrase


class MissingEngine(ImportError):
    """A synthesis engine whose package is not installed; the message names the extra that brings it."""


class Voice:
    """One synthesis engine with its speakers.

    A **new** engine gives the same samples for the same sequence of calls, in every process. One that carries
    nothing from call to call, so that a call's samples depend on its arguments alone, says so by ``stateful =
    False`` and is then made once a process; of the others the corpus makes a new one for each shard.

    Attributes
    ----------
    package : name of the Python module it needs
    extra : the extra of kwskit that installs it
    stateful : whether a call's samples depend on the calls before (noise generators, phase)
    timed : whether it speaks phrases and tells the time of each word (:meth:`speak_words`)
    takes_phonemes : whether it can be told how something is said (:meth:`speak_phonemes`)
    """

    package: str
    extra: str
    stateful: bool = True
    timed: bool = False
    takes_phonemes: bool = False

    def speakers(self) -> list[str]:
        """Names of the speakers, without the engine's own name."""
        raise NotImplementedError(f"{type(self).__name__} must define speakers()")

    def synthesise(
        self, text: str, speaker: str, rate: float = 1.0, pitch: float = 1.0, seed: int = 0
    ) -> tuple[np.ndarray, int]:
        """Speak ``text``.

        Parameters
        ----------
        speaker : one of :meth:`speakers`
        rate : speaking rate, 1 = the engine's own
        pitch : factor on the fundamental frequency, 1 = the speaker's own
        seed : of the engine's noise, where it has any

        Returns
        -------
        (samples,) float32 in [-1, 1] with whatever silence the engine puts around, and the sample rate in Hz.

        Raises
        ------
        ValueError
            For an unknown speaker.
        """
        raise NotImplementedError(f"{type(self).__name__} must define synthesise(text, speaker, ...)")

    def speak_words(
        self,
        words: Sequence[str],
        speaker: str,
        rate: float = 1.0,
        pitch: float = 1.0,
        seed: int = 0,
        said: Sequence[Sequence[str]] | None = None,
    ) -> TimedSpeech:
        """Speak ``words`` as one phrase, each running into the next, and tell when each was spoken.

        Parameters
        ----------
        words : the words, each with the marks that follow it, such as ``well,``: a comma makes a pause, the last
            word's mark the melody
        speaker, rate, pitch, seed : as in :meth:`synthesise`
        said : ARPAbet phonemes of each word, for engines that can be told; others read the words by their own rules

        Raises
        ------
        ValueError
            For an unknown speaker or without words.
        UntimedSpeech
            When the engine ran words together so that it does not know where one begins.
        """
        raise NotImplementedError(f"{type(self).__name__} does not tell the times of words (timed is False)")

    def speak_phonemes(
        self, phonemes: Sequence[str], speaker: str, rate: float = 1.0, pitch: float = 1.0, seed: int = 0
    ) -> tuple[np.ndarray, int]:
        """Speak ARPAbet ``phonemes``, with stress or without, | between words; otherwise as :meth:`synthesise`."""
        raise NotImplementedError(f"{type(self).__name__} cannot be told phonemes (takes_phonemes is False)")

    @classmethod
    def require(cls) -> None:
        """Raise :class:`MissingEngine` where the engine cannot be made for want of what must be installed."""
        cls.module()

    def close(self) -> None:
        """Free what the engine holds; most hold nothing that Python does not free."""

    @classmethod
    def module(cls) -> ModuleType:
        """The engine's Python module.

        Raises
        ------
        MissingEngine
            When it is not installed.
        """
        try:
            return importlib.import_module(cls.package)
        except ImportError as error:
            raise MissingEngine(
                f"the voice '{cls.__name__}' needs the package {cls.package}, which cannot be imported ({error}); "
                f"install it with: pip install 'kwskit[{cls.extra}]'"
            ) from error

    def check_words(self, words: Sequence[str]) -> None:
        """Raise ValueError unless there are ``words``, each with a letter."""
        if not words or any(not word.strip(MARKS + " ") for word in words):
            raise ValueError(f"{type(self).__name__} was asked to speak {list(words)!r}: expected words, none empty")

    def check_speaker(self, speaker: str) -> None:
        """Raise ValueError unless ``speaker`` is one of :meth:`speakers`."""
        if speaker not in self.speakers():
            raise ValueError(f"{type(self).__name__} has no speaker '{speaker}'; it has: {', '.join(self.speakers())}")
