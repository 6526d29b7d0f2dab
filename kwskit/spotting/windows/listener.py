"""What a stream of sound is heard as."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

T = TypeVar("T")


@dataclass(frozen=True)
class EncodedWindows(Generic[T]):
    """Windows of a stream.

    Attributes
    ----------
    start, stop : (n,) seconds of the stream
    kept : what a model keeps of them, n rows
    """

    start: NDArray[np.float64]
    stop: NDArray[np.float64]
    kept: T


class Listener(Protocol[T]):
    """Turns one stream of sound, handed over in blocks of any size, into windows that a model has encoded.

    Attributes
    ----------
    seen : all windows with their centre up to here, in seconds, have been heard
    """

    @property
    def seen(self) -> float: ...

    def push(self, pcm: NDArray[np.int16]) -> Iterator[EncodedWindows[T]]:
        """The windows that ``pcm`` (samples,), int16 at 16 kHz, completes."""
        ...

    def finish(self) -> Iterator[EncodedWindows[T]]:
        """The windows that end with the stream; nothing may be pushed afterwards."""
        ...
