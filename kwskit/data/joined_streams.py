"""Streams of sound that were joined to one file: chained Ogg, MP3 or WAV files one after another."""

import os
import struct
from typing import BinaryIO, Literal

from kwskit.errors import AudioError

Section = tuple[int, int]  # start and stop, in bytes of the file
CHUNK = 1 << 22
PAGE = 27  # bytes of an Ogg page's header, before the table of its segments
LARGEST_PAGE = PAGE + 255 + 255 * 255
FIRST, LAST = 2, 4  # flags of an Ogg page: of a stream's first and last page
# In an MP3's first frame, before a table of contents that gives its exact length.
XING, VBRI = (b"Xing", b"Info"), b"VBRI"
# Bytes behind an MP3 that may be something else than sound: tags that players append.
TAGS = 2048
# What AIFF and WAV files begin with: the identifier, the order of bytes and the identifier 8 bytes later.
FORMS: dict[bytes, tuple[Literal["little", "big"], tuple[bytes, ...]]] = {
    b"RIFF": ("little", (b"WAVE",)),
    b"RIFX": ("big", (b"WAVE",)),
    b"FORM": ("big", (b"AIFF", b"AIFC")),
}


def joined_streams(file: BinaryIO, name: str) -> tuple[list[Section], bool]:
    """Where in ``file`` each stream is, and whether the last of them has its end.

    A file of another kind is one stream. Only Ogg marks the end of a stream, so that only an Ogg can lack it.

    Parameters
    ----------
    file : open for reading
    name : of it, for messages

    Raises
    ------
    AudioError
        When an Ogg ends within a page.
    """
    size = file.seek(0, os.SEEK_END)
    head = _read(file, 0, 12)
    if head[:4] == b"OggS":
        return _ogg(file, size, name)
    follows = _after_form if head[:4] in FORMS else _after_mp3
    starts, at = [0], follows(file, 0, size)
    while at is not None:
        starts.append(at)
        at = follows(file, at, size)
    return list(zip(starts, [*starts[1:], size], strict=True)), True


def contents_of_mp3(file: BinaryIO, at: int) -> tuple[int, int, int]:
    """Frames and bytes of the MP3 at ``at`` by its table of contents, 0 where that does not say; where it begins."""
    head = _read(file, at, 10)
    while head[:3] == b"ID3" and len(head) == 10:
        at += 10 + sum(byte << 7 * place for byte, place in zip(head[6:10], (3, 2, 1, 0), strict=True))
        head = _read(file, at, 10)
    head = _read(file, at, 200)
    places = [place for place in (head.find(sign, 4, 64) for sign in XING) if place > 0]
    if places:
        flags, *numbers = struct.unpack(">3I", head[places[0] + 4 : places[0] + 16].ljust(12, b"\0"))
        frames = numbers[0] if flags & 1 else 0
        return frames, numbers[flags & 1] if flags & 2 else 0, at
    if head[36:40] == VBRI and len(head) >= 54:
        return *reversed(struct.unpack(">2I", head[46:54])), at
    return 0, 0, at


def _after_mp3(file: BinaryIO, at: int, size: int) -> int | None:
    """Where another MP3 begins behind that at ``at``."""
    _, length, first = contents_of_mp3(file, at)
    if not length or not _is_frame(_read(file, first, 2)):
        return None
    behind = first + length
    if size - behind <= TAGS:
        return None
    head = _read(file, behind, 3)
    return behind if head == b"ID3" or _is_frame(head) else None


def _is_frame(head: bytes) -> bool:
    """Whether a frame of MPEG audio begins like that: eleven bits, a version and a layer that there are."""
    return len(head) >= 2 and head[0] == 0xFF and head[1] & 0xE0 == 0xE0 and head[1] & 0x18 != 8 and head[1] & 6 != 0


def _after_form(file: BinaryIO, at: int, size: int) -> int | None:
    """Where another WAV or AIFF begins behind that at ``at``."""
    head = _read(file, at, 8)
    behind = at + 8 + int.from_bytes(head[4:8], FORMS[head[:4]][0])
    for place in (behind, behind + behind % 2):
        head = _read(file, place, 12) if place + 12 <= size else b""
        if head[:4] in FORMS and head[8:12] in FORMS[head[:4]][1]:
            return place
    return None


def _ogg(file: BinaryIO, size: int, name: str) -> tuple[list[Section], bool]:
    """Links of a chain; streams that are played at once begin with neighbouring pages."""
    starts, after_first = [], -1
    kept, at = b"", 0
    sign = b"OggS\0"
    file.seek(0)
    while data := file.read(CHUNK):
        data, base = kept + data, at - len(kept)
        place = data.find(sign)
        while 0 <= place < len(data) - len(sign):
            if data[place + len(sign)] & FIRST:
                if base + place != after_first:
                    starts.append(base + place)
                after_first = base + place + _page(_read(file, base + place, LARGEST_PAGE))[0]
            place = data.find(sign, place + 1)
        at = base + len(data)
        kept = data[-len(sign) :]
        file.seek(at)
    starts = starts or [0]
    tail = _read(file, max(0, size - LARGEST_PAGE), LARGEST_PAGE)
    place = tail.rfind(b"OggS")
    length, flags = _page(tail[place:]) if place >= 0 else (0, LAST)
    if place >= 0 and place + length > len(tail):
        raise AudioError(f"{name}: cut short: its last page lacks {place + length - len(tail)} bytes")
    return list(zip(starts, [*starts[1:], size], strict=True)), bool(flags & LAST)


def _page(head: bytes) -> tuple[int, int]:
    """Length in bytes, and flags, of an Ogg page that begins ``head``."""
    segments = head[26] if len(head) >= PAGE else 0
    return PAGE + segments + sum(head[PAGE : PAGE + segments]), head[5] if len(head) > 5 else 0


def _read(file: BinaryIO, at: int, count: int) -> bytes:
    file.seek(at)
    return file.read(count)
