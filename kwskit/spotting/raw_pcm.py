"""Raw samples of a pipe."""

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

BYTES = 1 << 16  # read at once, at most


def raw_blocks(read: Callable[[int], bytes]) -> Iterator[NDArray[np.int16]]:
    """Blocks (samples,) of 16-bit little-endian mono PCM, as they arrive; half a sample at the end is dropped.

    Parameters
    ----------
    read : gives some bytes as they arrive, at most so many; none at the end
    """
    kept = b""
    while arrived := read(BYTES):
        kept += arrived
        whole = len(kept) // 2 * 2
        if whole:
            yield np.frombuffer(kept[:whole], "<i2").astype(np.int16)
        kept = kept[whole:]
