"""WAV files whose header was never completed."""

import os
import struct
from typing import BinaryIO

HEAD, CHUNK = 12, 8  # bytes of the header of a RIFF file, and of one of its chunks
MOST = 64  # chunks before the samples


def unclosed_wav(file: BinaryIO) -> dict[int, bytes]:
    """What the header of a WAV should say, by place: its sizes where it gives 0 for both, and samples follow.

    A recorder writes the sizes when it stops; one that loses its power never does. Empty for any other file, such as a
    WAV without samples, whose size is that of its header.
    """
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    head = file.read(HEAD)
    if head[:4] != b"RIFF" or head[8:12] != b"WAVE":
        return {}
    at = HEAD
    for _ in range(MOST):
        file.seek(at)
        chunk = file.read(CHUNK)
        if len(chunk) < CHUNK:
            return {}
        length = struct.unpack("<I", chunk[4:])[0]
        if chunk[:4] == b"data":
            samples = at + CHUNK
            closed = length or struct.unpack("<I", head[4:8])[0] + CHUNK > samples
            return {} if closed or size <= samples else {4: _size(size - CHUNK), at + 4: _size(size - samples)}
        at += CHUNK + length + length % 2
    return {}


def _size(count: int) -> bytes:
    """Beyond 4 GB what writers into a pipe give, for the size is unknown."""
    return struct.pack("<I", min(count, 0xFFFFFFFF))
