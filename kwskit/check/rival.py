"""Two keywords that are listened for together."""

from typing import NamedTuple


class Rival(NamedTuple):
    """Another keyword: the ``score`` that it gets here when it is said as typed, and whether it sounds the ``same``."""

    text: str
    score: float
    same: bool
