"""A place in a recording that a search has found."""

from typing import NamedTuple


class Found(NamedTuple):
    """One hit.

    Attributes
    ----------
    path : of the audio file
    start, stop : of the best window, in seconds of the file
    score : the cosine with the query, less the mean of those of 300 other words and over their deviation
    """

    path: str
    start: float
    stop: float
    score: float
