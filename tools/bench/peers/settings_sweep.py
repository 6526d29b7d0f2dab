"""Packages that tell no scores: one engine at each of some settings."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from typing import ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray
from spotters.spotter_face import KeywordDetection

from peers.peer import MOMENT

RATE = 16_000
SAME = 1.0  # s within which two settings tell the same


class SettingEngine(Protocol):
    """A package's engine at one setting."""

    def hear(self, block: NDArray[np.int16]) -> Iterable[str]:
        """The keywords that it tells after ``block`` (samples,), int16 at 16 kHz."""
        ...

    def reset(self) -> None:
        """Begin another recording."""
        ...


class SettingsSweep(ABC):
    """A peer whose score of a detection is the strictest of its settings that still tells it.

    Parameters
    ----------
    sweep : all of ``settings``, or ``usual`` alone

    Attributes
    ----------
    settings : a higher one is stricter; the finer they are, the finer is the curve
    usual : the package's default
    """

    detects = True
    settings: ClassVar[tuple[float, ...]]
    usual: ClassVar[float]

    def __init__(self, sweep: bool):
        self._sweep = sweep

    @abstractmethod
    def engine(self, keywords: Sequence[str], setting: float) -> SettingEngine:
        """The package's engine with keywords at a setting."""

    def enrol(self, keywords: Sequence[str]) -> None:
        self._engines = {at: self.engine(keywords, at) for at in (self.settings if self._sweep else (self.usual,))}
        self._found: list[KeywordDetection] = []
        self._seconds = 0.0

    def push(self, block: NDArray[np.int16]) -> Sequence[KeywordDetection]:
        self._seconds += len(block) / RATE
        found = [
            KeywordDetection(keyword, self._seconds - MOMENT, self._seconds, setting)
            for setting, engine in self._engines.items()
            for keyword in engine.hear(block)
        ]
        if not self._sweep:
            return found
        self._found += found
        return []

    def finish(self) -> Sequence[KeywordDetection]:
        for engine in self._engines.values():
            engine.reset()
        found, self._found, self._seconds = strictest(self._found), [], 0.0
        return found


def strictest(detections: Iterable[KeywordDetection]) -> list[KeywordDetection]:
    """Of detections of a keyword that end within ``SAME`` of each other at different settings, the strictest one."""
    kept: list[KeywordDetection] = []
    for one in sorted(detections, key=lambda found: (-found.score, found.stop)):
        if not any(
            other.keyword == one.keyword and other.score > one.score and abs(other.stop - one.stop) < SAME
            for other in kept
        ):
            kept.append(one)
    return kept
