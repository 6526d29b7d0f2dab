"""What is said of a keyword."""

from typing import NamedTuple

LEVELS = ("good", "note", "risky", "poor")  # the worst last


class Remark(NamedTuple):
    """``level`` (of ``LEVELS``) and a sentence with the reason."""

    level: str
    text: str
