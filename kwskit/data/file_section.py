"""A section of a file, as a file."""

import io
from collections.abc import Mapping
from typing import Any, BinaryIO


class FileSection(io.RawIOBase):
    """Bytes ``start`` to before ``stop`` of ``file``, read only; the file stays open when this is closed.

    Parameters
    ----------
    file : open for reading
    start, stop : of the section, in bytes of the file
    patches : bytes to be seen at places of the section in the place of those that are there
    """

    def __init__(self, file: BinaryIO, start: int, stop: int, patches: Mapping[int, bytes] | None = None):
        self._file, self._start, self._size = file, start, stop - start
        self._patches = dict(patches or {})
        self._at = 0

    def readable(self) -> bool:
        """Yes."""
        return True

    def seekable(self) -> bool:
        """Yes."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to ``offset``."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        self._at = max(0, base + offset)
        return self._at

    def tell(self) -> int:
        """Where it is."""
        return self._at

    def readinto(self, buffer: Any) -> int:
        """Read some bytes."""
        wanted = max(0, min(len(buffer), self._size - self._at))
        self._file.seek(self._start + self._at)
        data = bytearray(self._file.read(wanted))
        for place, patch in self._patches.items():
            for k, byte in enumerate(patch):
                if 0 <= place + k - self._at < len(data):
                    data[place + k - self._at] = byte
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)
