"""A keyword that has been heard."""

from typing import NamedTuple


class Hit(NamedTuple):
    """A keyword that has been heard.

    Attributes
    ----------
    keyword : its name
    start, stop : of the window that matched best, in seconds of the stream
    score : of that window, higher for a better match
    threshold : that the score has reached
    """

    keyword: str
    start: float
    stop: float
    score: float
    threshold: float
