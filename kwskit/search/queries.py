"""What is searched for."""

from typing import Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from kwskit.spotting.listener import EncodedWindows

T = TypeVar("T")


class Queries(Protocol[T]):
    """Queries that windows of speech can be compared with."""

    def __len__(self) -> int: ...

    def scores(self, heard: EncodedWindows[T]) -> NDArray[np.float32]:
        """(n, number of queries) of n windows, higher for a better match; -inf for one that is not to be found."""
        ...
