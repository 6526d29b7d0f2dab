"""Fetch published corpora: download, check, unpack."""

from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit

from kwskit.corpora.download.catalogue import CATALOGUE, GROUPS, MSWC_LANGUAGES, published_files
from kwskit.corpora.download.download import digest, download
from kwskit.corpora.download.published_file import PublishedFile
from kwskit.corpora.download.unpacking import unpack
from kwskit.errors import CorpusError

ARCHIVES = "archives"


def fetch(names: Iterable[str], folder: Path, keep: bool = False) -> None:
    """Fetch files of the catalogue to ``folder``; what is there already stays as it is.

    Archives lie in ``folder/archives`` until they are unpacked. Beside each lies its digest, which a later download of
    a file without a published checksum is compared with.

    Parameters
    ----------
    names : names of files or groups of the catalogue
    folder : where to; made if it is not there
    keep : leave the archives there

    Raises
    ------
    CorpusError
        When a name is unknown, or something cannot be downloaded, checked or unpacked.
    """
    for file in published_files(names):
        fetch_file(file, Path(folder), keep)


def fetch_file(file: PublishedFile, folder: Path, keep: bool = False) -> None:
    """Fetch one published file; see :func:`fetch`."""
    makes = folder / file.makes
    for place in (makes, _inside(folder, file.makes)):
        if place.is_file() or (place.is_dir() and any(place.iterdir())):
            print(f"fetch: {file.name} is there already: {place}")
            return
    # The publisher's names are not unique (there is an en.tar.gz of audio and one of splits).
    suffixes = "".join(PurePosixPath(urlsplit(file.urls[0]).path).suffixes[-2:])
    target = folder / ARCHIVES / f"{file.name}{suffixes}" if file.archive else makes
    note = folder / ARCHIVES / f"{file.name}.checksum"
    noted = note.read_text(encoding="utf-8").strip() if note.is_file() else None
    expected = file.checksum or noted
    if file.archive and target.is_file():
        found = digest(target, (expected or "sha256:").partition(":")[0])
        if expected and found != expected:
            raise CorpusError(f"{target}: wrong checksum: expected {expected}, found {found}; delete it, fetch again")
        print(f"fetch: {file.name} is downloaded already: {target}")
    else:
        try:
            found = download(file.urls, target, expected, file.size)
        except CorpusError as error:
            if noted and not file.checksum:
                raise CorpusError(f"{error}; the expected one was noted at an earlier download, in {note}") from error
            raise
        how = "checksum as published" if file.checksum else "as last time" if noted else "no published checksum"
        print(f"fetch: {file.name}: {target.stat().st_size:,} bytes, {found} ({how})")
    note.parent.mkdir(parents=True, exist_ok=True)
    note.write_text(found + "\n", encoding="utf-8")
    if file.archive:
        unpack(target, folder, file.makes, file.into, file.top)
        if not keep:
            target.unlink()
    print(f"fetch: {file.name} is in {makes} ({file.licence})")


def _inside(folder: Path, makes: str) -> Path:
    """Where ``makes`` is, if ``folder`` is itself its outermost folder: people name LibriSpeech, not what holds it."""
    outermost, *rest = PurePosixPath(makes).parts
    return folder.joinpath(*rest) if folder.absolute().name == outermost else folder / makes


def listing() -> str:
    """The catalogue, a line each: name, size, checksum, licence, what it makes, where it is published."""
    english = [name for name in CATALOGUE if not name.startswith("mswc-") or name.endswith("-en")]
    groups = [name for name in GROUPS if not name.startswith("mswc-") or name == "mswc-en"]
    lines = [CATALOGUE[name].summary() for name in english]
    lines.append(f"groups: {', '.join(groups)}")
    lines.append(f"other languages: mswc-CODE with one of {' '.join(MSWC_LANGUAGES)}")
    return "\n".join(lines)
