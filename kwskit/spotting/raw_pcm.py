"""Raw samples of a pipe."""

from collections.abc import Iterator
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

BYTES = 1 << 16  # read at once, at most


def raw_blocks(source: BinaryIO) -> Iterator[NDArray[np.int16]]:
    """Blocks (samples,) of 16-bit little-endian mono PCM, as they arrive; half a sample at the end is dropped.

    Parameters
    ----------
    source : a buffered binary file such as ``sys.stdin.buffer``
    """
    read = getattr(source, "read1", source.read)
    kept = b""
    while arrived := read(BYTES):
        kept += arrived
        whole = len(kept) // 2 * 2
        if whole:
            yield np.frombuffer(kept[:whole], "<i2").astype(np.int16)
        kept = kept[whole:]
