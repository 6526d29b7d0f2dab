"""One file of a corpus that anybody may download."""

from dataclasses import dataclass


@dataclass(frozen=True)
class PublishedFile:
    """Where a file is published and what becomes of it.

    Parameters
    ----------
    name : what it is called here
    urls : the place of publication, then mirrors
    makes : path that is there once it has been fetched, below the folder it is fetched to
    licence : of the data
    size : bytes, where known
    checksum : ``sha256:…`` or ``md5:…`` as published; None where nobody published one
    archive : a tar or zip to unpack; otherwise the file itself is ``makes``
    into : folder that it is unpacked in, for archives without a folder of their own
    top : folder in the archive that becomes ``makes``, where its name is another
    """

    name: str
    urls: tuple[str, ...]
    makes: str
    licence: str
    size: int | None = None
    checksum: str | None = None
    archive: bool = True
    into: str = "."
    top: str | None = None

    def summary(self) -> str:
        """One line for a listing."""
        size = f"{self.size / 1e9:.1f} GB" if self.size and self.size >= 1e8 else "size unknown"
        checksum = (self.checksum or "no published checksum").partition(":")[0]
        return f"{self.name:<29} {size:<13} {checksum:<22} {self.licence:<11} -> {self.makes:<36} {self.urls[0]}"
