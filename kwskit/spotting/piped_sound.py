"""Sound of a pipe: raw samples, or a file that somebody writes into it."""

import io
import os
import struct
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from kwskit.constants import SAMPLE_RATE
from kwskit.data.audio import AudioError, read_blocks
from kwskit.data.audio_file import OPEN_ENDED
from kwskit.spotting.stream_resampler import StreamResampler

BYTES = 1 << 16  # read at once, at most
PCM, EXTENSIBLE = 1, 0xFFFE  # formats of a WAV
CHUNK = 8  # bytes of the header of a RIFF file's chunk
LARGEST = 1 << 20  # bytes of a chunk before the samples
# What files begin with that libsndfile reads, and that cannot be read before their end has come.
FILES = (b"RIFF", b"RIFX", b"RF64", b"FORM", b"fLaC", b"OggS", b"ID3", b".snd", b"caff", b"riff\x2e\x91", b"NIST_1A")
# What other recordings begin with, or have at byte 4.
STRANGE = {b"\x1a\x45\xdf\xa3": "Matroska or WebM", b"\x30\x26\xb2\x75": "Windows Media", b"#!AMR": "AMR"}
MP4 = b"ftyp"
# What the first frame of an MP3 has in it.
MP3_SIGNS = (b"Xing", b"Info", b"VBRI", b"LAME", b"Lavf")


def piped_sound(pipe: BinaryIO, name: str, rate: int, first: bytes = b"") -> tuple[Iterator[NDArray[np.int16]], int]:
    """Blocks (samples,) int16 of what comes out of a pipe, as it arrives where that can be, and their rate in Hz.

    A WAV of 16 bits is read as it arrives, at its own rate. Any other file that has a header is read when the pipe has
    ended. What has none is raw 16-bit little-endian mono PCM at ``rate``.

    Parameters
    ----------
    pipe : a buffered binary file such as ``sys.stdin.buffer``
    name : of it, for messages
    rate : of raw samples, in Hz
    first : bytes that have been read already

    Raises
    ------
    AudioError
        When it is a file of a kind that is not read, or cannot be.
    """
    StreamResampler(rate)  # refuses a rate that makes no sense before anything is waited for
    source = _Replayed(pipe, first)
    head = source.peek(12)
    for sign, kind in STRANGE.items():
        if head.startswith(sign):
            raise AudioError(f"{name}: is {kind}, which is not read: convert it to WAV on the way")
    if head[4:8] == MP4:
        raise AudioError(f"{name}: is MP4 or M4A, which is not read: convert it to WAV on the way")
    if head[:4] == b"RIFF" and head[8:12] == b"WAVE":
        found = _wav_format(source)
        if found is not None:
            channels, rate, length = found
            return _of_wav(source, name, channels, length), rate
    elif not head.startswith(FILES) and not _is_mp3(source):
        return raw_blocks(source.read), rate
    return _of_file(source, name), SAMPLE_RATE


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


@contextmanager
def named_pipe(path: str, rate: int) -> Iterator[tuple[Iterator[NDArray[np.int16]], int]]:
    """:func:`piped_sound` of a pipe that has a name, such as that of ``<(command)``; a context.

    Raises
    ------
    AudioError
        When nobody writes into it, which would be waited for; and as :func:`piped_sound`.
    """
    number = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    with open(number, "rb") as pipe:
        try:
            first = os.read(number, BYTES)
        except BlockingIOError:  # somebody will
            first = b""
        else:
            if not first:
                raise AudioError(f"{path}: an empty pipe, or one that nobody writes into")
        os.set_blocking(number, True)
        yield piped_sound(pipe, path, rate, first)


class _Replayed:
    """A pipe whose beginning can be looked at before it is read; ``kept`` has been read already."""

    def __init__(self, pipe: BinaryIO, kept: bytes):
        self._read: Callable[[int], bytes] = getattr(pipe, "read1", pipe.read)
        self._kept = kept

    def peek(self, count: int) -> bytes:
        """The first ``count`` bytes, fewer where there are no more."""
        while len(self._kept) < count and (arrived := self._read(count - len(self._kept))):
            self._kept += arrived
        return self._kept[:count]

    def read(self, count: int) -> bytes:
        """Some bytes, ``count`` at most; none at the end."""
        data, self._kept = self._kept[:count], self._kept[count:]
        return data or self._read(count)


class _Spooled(io.BufferedRandom):
    """A temporary file that messages call by the name of the pipe."""

    def __init__(self, name: str):
        super().__init__(tempfile.TemporaryFile(buffering=0))  # noqa: SIM115  # closed with this one
        self._called = name

    def __str__(self) -> str:
        return self._called


def _wav_format(source: _Replayed) -> tuple[int, int, int] | None:
    """Channels, rate and bytes of a WAV of 16 bits, whose samples ``source`` is left at; None for others, unread."""
    at, form = 12, None
    while at < LARGEST:
        chunk = source.peek(at + CHUNK)[at:]
        if len(chunk) < CHUNK:
            return None
        length = struct.unpack("<I", chunk[4:])[0]
        if chunk[:4] == b"data":
            if form is None:
                return None
            source.read(at + CHUNK)
            return *form, length
        if chunk[:4] == b"fmt ":
            body = source.peek(at + CHUNK + min(length, 26))[at + CHUNK :]
            if len(body) < 16:
                return None
            kind, channels, rate, _, _, bits = struct.unpack("<HHIIHH", body[:16])
            kind = struct.unpack("<H", body[24:26])[0] if kind == EXTENSIBLE and len(body) == 26 else kind
            if kind != PCM or bits != 16 or channels == 0:
                return None
            form = channels, rate
        at += CHUNK + length + length % 2
    return None


def _of_wav(source: _Replayed, name: str, channels: int, length: int) -> Iterator[NDArray[np.int16]]:
    """The mean of the channels; up to the end of the pipe where the header could not know ``length``, in bytes."""
    left = float("inf") if length == 0 or length >= OPEN_ENDED else length
    kept = b""
    while left > 0 and (arrived := source.read(int(min(left, BYTES)))):
        left -= len(arrived)
        kept += arrived
        whole = len(kept) // (2 * channels) * 2 * channels
        samples = np.frombuffer(kept[:whole], "<i2").reshape(-1, channels)
        if len(samples):
            yield np.rint(samples.mean(axis=1)).astype(np.int16) if channels > 1 else samples[:, 0].astype(np.int16)
        kept = kept[whole:]
    if 0 < left < float("inf"):
        raise AudioError(f"{name}: cut short: the header promises {length} bytes, there are {length - int(left)}")


def _of_file(source: _Replayed, name: str) -> Iterator[NDArray[np.int16]]:
    with _Spooled(name) as file:
        while arrived := source.read(BYTES):
            file.write(arrived)
        yield from read_blocks(file)


def _is_mp3(source: _Replayed) -> bool:
    """Whether it begins with a frame of MPEG audio; raw samples may well begin with its first two bytes."""
    head = source.peek(2)
    mpeg = len(head) == 2 and head[0] == 0xFF and head[1] & 0xE0 == 0xE0
    return mpeg and any(sign in source.peek(1024) for sign in MP3_SIGNS)
