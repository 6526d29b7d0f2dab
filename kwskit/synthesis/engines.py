"""The synthesis engines of a process."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Protocol, TypeVar

from kwskit import registry
from kwskit.synthesis.voices.voice import Voice

_SLOW_FIRST = ("kokoro", "hibari", "pico", "flite", "espeak")
_engines: dict[str, Voice] = {}


class SpokenBy(Protocol):
    """A piece of work for one engine."""

    @property
    def engine(self) -> str:
        """Its registered name."""


T = TypeVar("T", bound=SpokenBy)


@contextmanager
def engine(name: str) -> Iterator[Voice]:
    """The engine ``name``: a new one, closed after the block, where it carries state, else this process's."""
    if name in _engines:
        yield _engines[name]
        return
    voice = registry.build("voice", name)
    if not voice.stateful:
        _engines[name] = voice
        yield voice
        return
    try:
        yield voice
    finally:
        voice.close()


def slowest_first(work: Iterable[T]) -> list[T]:
    """``work`` with the slowest engines first, so that no process is left alone at the end; else in its order."""
    return sorted(work, key=lambda own: _SLOW_FIRST.index(own.engine) if own.engine in _SLOW_FIRST else -1)
