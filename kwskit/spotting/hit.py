"""A keyword that has been heard."""

import warnings
from typing import NamedTuple


class Hit(NamedTuple):
    """A keyword that has been heard; its fields have the names of those in the JSON of ``kwskit spot``.

    Attributes
    ----------
    keyword : name of the keyword
    start, end : seconds of the stream between which the window is that matched best
    score : score of that window, higher for a better match
    threshold : threshold that the score has reached
    embedding, phonemes : parts of the score where a model hears phonemes, else None: of the embedding, and of the
        phonemes, which the score has ``WEIGHT`` times (:mod:`kwskit.spotting.phoneme_scores`)
    """

    keyword: str
    start: float
    end: float
    score: float
    threshold: float
    embedding: float | None = None
    phonemes: float | None = None

    @property
    def stop(self) -> float:
        """The name that ``end`` had in kwskit 0.1, kept for one release."""
        warnings.warn("Hit.stop is called Hit.end from kwskit 0.2 on", DeprecationWarning, stacklevel=2)
        return self.end
