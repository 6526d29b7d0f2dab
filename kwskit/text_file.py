"""Text that people write: lists, tables, settings. All of it is opened here."""

from pathlib import Path

_UTF16 = (b"\xff\xfe", b"\xfe\xff")  # byte order marks; that of UTF-32 begins with the first
_START = 4096  # bytes in which another encoding shows
_LONGEST = 1 << 20  # bytes of a first line


class TextFileError(ValueError):
    """A file that is not text in UTF-8; the message names the file and says what it is."""


def read_text(path: str | Path) -> str:
    """The text of a file in UTF-8, without the byte order mark that some editors put before it.

    Raises
    ------
    TextFileError
        When it is in UTF-16 or anything else but UTF-8; for the latter with the first such line.
    OSError
        When it cannot be read.
    """
    return _decoded(path, Path(path).read_bytes())


def first_lines(path: str | Path, count: int = 1) -> list[str]:
    """The first ``count`` lines of such a file, without their ends; empty where there are fewer.

    For readers that parse the bytes themselves, as Arrow does, which then need not look at the encoding.

    Raises
    ------
    TextFileError, OSError
        As :func:`read_text`.
    """
    with Path(path).open("rb") as source:
        lines = [source.readline(_LONGEST) for _ in range(count)]
        start = b"".join(lines)
        _refuse_utf16(path, start + source.read(max(0, _START - len(start))))
    return (_decoded(path, start).split("\n") + [""] * count)[:count]


def _decoded(path: str | Path, content: bytes) -> str:
    _refuse_utf16(path, content[:_START])
    try:
        # Line ends as in Python's text mode, of which a lone \r is one.
        return content.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        found = f"line {line} has the byte 0x{content[error.start]:02x}"
        raise TextFileError(f"{path}: {found}, which is not UTF-8: save the file as UTF-8") from None


def _refuse_utf16(path: str | Path, start: bytes) -> None:
    if start.startswith(_UTF16) or b"\0" in start:
        raise TextFileError(f"{path}: is in UTF-16 or no text: save it as UTF-8")
