"""What every synthesis engine offers the synthetic corpus."""

import importlib
from types import ModuleType

import numpy as np


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
    """

    package: str
    extra: str
    stateful: bool = True

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

    def check_speaker(self, speaker: str) -> None:
        """Raise ValueError unless ``speaker`` is one of :meth:`speakers`."""
        if speaker not in self.speakers():
            raise ValueError(f"{type(self).__name__} has no speaker '{speaker}'; it has: {', '.join(self.speakers())}")
