"""Paths of somebody's machine in files that are to be published: they tell names of users and of projects."""

import io
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

TEXTS = (".md", ".json", ".yaml", ".txt", ".tsv", ".dict", "")
# Anywhere, in weights and graphs, too: a folder of a user.
_HOMES = re.compile(r"(?<![\w.~-])(?:/(?:home|Users|root)/|[A-Za-z]:[\\/]+Users[\\/]+)[\w.-]+", re.ASCII)
# In texts: an absolute path, but not that of a URL. Graphs name their nodes in the same way.
_ABSOLUTE = re.compile(r"(?<![\w.~-])(?<!:/)/([\w.-]+)(?:/[\w.-]+)+", re.ASCII)
ALIKE_EVERYWHERE = frozenset(("bin", "boot", "dev", "etc", "lib", "lib64", "proc", "run", "sbin", "sys", "usr"))


def private_path(name: str, content: bytes) -> str | None:
    """The first path in a file that is of this machine or of somebody's home, or None.

    Parameters
    ----------
    name : of the file; a text is looked at more closely than weights, and a ``.npz`` within
    content : of the file
    """
    for part in _parts(name, content):
        text = part.decode("utf-8", "replace")
        found = _HOMES.search(text)
        if found is not None:
            return found[0]
        home = str(Path.home())
        if len(Path(home).parts) > 1 and home in text:
            return home
        if Path(name).suffix.lower() in TEXTS:
            for path in _ABSOLUTE.finditer(text):
                if path[1] not in ALIKE_EVERYWHERE and Path("/", path[1]).exists():
                    return path[0].rstrip(".")
    return None


def _parts(name: str, content: bytes) -> Iterator[bytes]:
    if not name.endswith(".npz"):
        yield content
        return
    with zipfile.ZipFile(io.BytesIO(content)) as arrays:
        for member in arrays.namelist():
            yield arrays.read(member).replace(b"\0", b"")  # NumPy has 4 bytes a letter
