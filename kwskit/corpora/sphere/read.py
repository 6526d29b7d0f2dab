"""NIST SPHERE files, which LDC's corpora hold: what the header says, and what libsndfile can read of them.

libsndfile reads PCM, mu-law and A-law in either byte order. It refuses the shorten-compressed files of the original
discs (sample coding ``pcm,embedded-shorten-v2.00``), and takes a truncated file for a short one: hence the own look
into the header (format: NIST's SPeech HEader REsources).
"""

from dataclasses import dataclass
from pathlib import Path

from kwskit.data.audio import AudioError

MAGIC = b"NIST_1A\n"
LONGEST_HEADER = 1 << 16


@dataclass(frozen=True)
class SphereHeader:
    """Fields of a SPHERE header.

    Attributes
    ----------
    size : bytes of the header
    samples : of each channel
    rate : in Hz
    channels : their number
    bytes_per_sample : of the uncompressed coding
    coding : ``pcm``, ``ulaw``, ``pcm,embedded-shorten-v2.00``, ...
    """

    size: int
    samples: int
    rate: int
    channels: int
    bytes_per_sample: int
    coding: str

    @property
    def is_compressed(self) -> bool:
        """Whether the samples are compressed (shorten, shortpack, wavpack), which libsndfile does not read."""
        return "embedded-" in self.coding

    @property
    def seconds(self) -> float:
        """Duration."""
        return self.samples / self.rate


def is_sphere(path: str | Path) -> bool:
    """Whether ``path`` is a file that begins as SPHERE does, whatever its name.

    Raises
    ------
    OSError
        When the file cannot be read.
    """
    with Path(path).open("rb") as file:
        return file.read(len(MAGIC)) == MAGIC


def read_sphere_header(path: str | Path) -> SphereHeader:
    """The header of ``path``.

    Raises
    ------
    AudioError
        When the file is empty, no SPHERE file, has no whole header or lacks a field, or when an uncompressed one ends
        before its samples do.
    OSError
        When the file cannot be read.
    """
    path = Path(path)
    with path.open("rb") as file:
        start = file.read(16)
        if not start:
            raise AudioError(f"{path}: the file is empty (0 bytes)")
        if not start.startswith(MAGIC):
            raise AudioError(f"{path}: no SPHERE file: it starts with {start[:8]!r}, not with {MAGIC!r}")
        size_field = start[len(MAGIC) :].split(b"\n")[0].strip()
        if not size_field.isdigit() or not len(MAGIC) < int(size_field) <= LONGEST_HEADER:
            raise AudioError(f"{path}: its SPHERE header has the length {size_field!r}; expected a number such as 1024")
        size = int(size_field)
        file.seek(0)
        text = file.read(size).decode("latin-1")
    if "\nend_head" not in text:
        raise AudioError(f"{path}: the SPHERE header is cut off: no end_head in its {size} bytes")
    fields = {}
    for line in text.partition("\nend_head")[0].split("\n")[2:]:
        name, _, rest = line.partition(" ")
        fields[name] = rest.partition(" ")[2].strip()
    try:
        header = SphereHeader(
            size,
            samples=int(fields["sample_count"]),
            rate=int(fields["sample_rate"]),
            channels=int(fields.get("channel_count", 1)),
            bytes_per_sample=int(fields.get("sample_n_bytes", 2)),
            coding=fields.get("sample_coding", "pcm"),
        )
    except KeyError as error:
        raise AudioError(f"{path}: the SPHERE header has no field {error}") from error
    except ValueError as error:
        raise AudioError(f"{path}: the SPHERE header holds no number where one belongs: {error}") from error
    if header.samples < 1 or header.rate < 1:
        raise AudioError(f"{path}: the SPHERE header promises {header.samples} samples at {header.rate} Hz")
    promised = header.samples * header.channels * header.bytes_per_sample
    there = path.stat().st_size - size
    if not header.is_compressed and there < promised:
        raise AudioError(
            f"{path}: truncated: the header promises {promised:,} bytes of samples, {there:,} are there "
            f"({100 * there / promised:.0f} %)"
        )
    return header
