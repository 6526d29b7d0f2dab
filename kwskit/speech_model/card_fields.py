"""The values of a card's fields, as its JSON has to have them."""

import math
import re
from collections.abc import Collection
from pathlib import PurePosixPath
from typing import Any

MOST_LETTERS = 10_000


class CardFields:
    """The fields of one JSON object of a card.

    Parameters
    ----------
    values : the object
    place : where it is within the card, such as ``figures[0]``; '' is the card itself
    names : of all its fields

    Raises
    ------
    ValueError
        Here and from every method, naming the field that is missing, unknown or not as it must be.
    """

    def __init__(self, values: Any, place: str, names: Collection[str]):
        self._place = place
        if not isinstance(values, dict):
            subject = f"'{place}' " if place else ""
            raise ValueError(f"{subject}must be an object, not {values!r:.60}")
        for name in names:
            if name not in values:
                raise ValueError(f"'{self._full(name)}' is missing")
        for name in values:
            if name not in names:
                raise ValueError(f"'{self._full(name)}' is no field; there are: {', '.join(names)}")
        self._values = values

    def text(self, name: str) -> str:
        """A text that says something."""
        value = self._values[name]
        if not isinstance(value, str) or not value.strip() or len(value) > MOST_LETTERS:
            raise self._refusal(name, "a text that is not empty")
        return value

    def count(self, name: str) -> int:
        """A whole number, 0 or more."""
        value = self._values[name]
        if isinstance(value, bool) or not isinstance(value, int) or value < 0:
            raise self._refusal(name, "a whole number from 0 on")
        return value

    def number(self, name: str) -> float:
        """A finite number."""
        value = self._values[name]
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            raise self._refusal(name, "a number")
        return float(value)

    def optional_number(self, name: str) -> float | None:
        """A finite number, or None for null."""
        return None if self._values[name] is None else self.number(name)

    def items(self, name: str) -> list[Any]:
        """A list."""
        if not isinstance(self._values[name], list):
            raise self._refusal(name, "a list")
        return self._values[name]

    def digests(self, name: str) -> dict[str, str]:
        """SHA-256 of files by their path within the model's directory, in POSIX style."""
        value = self._values[name]
        if not isinstance(value, dict):
            raise self._refusal(name, "an object of paths and their SHA-256")
        for path, digest in value.items():
            parts = PurePosixPath(path).parts
            if not parts or ".." in parts or "\\" in path or path != str(PurePosixPath(*parts)) or path[0] == "/":
                raise ValueError(f"'{self._full(name)}': {path!r:.60} is no path within the model's directory")
            if not isinstance(digest, str) or not re.fullmatch("[0-9a-f]{64}", digest):
                raise ValueError(f"'{self._full(name)}[{path}]' must be a SHA-256 in hexadecimal, not {digest!r:.80}")
        return dict(value)

    def _refusal(self, name: str, wanted: str) -> ValueError:
        return ValueError(f"'{self._full(name)}' must be {wanted}, not {self._values[name]!r:.60}")

    def _full(self, name: str) -> str:
        return f"{self._place}.{name}" if self._place else name
