"""What may be taken for a keyword."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Confusable:
    """A word or a phrase that a model may take for a keyword.

    Attributes
    ----------
    text : as it is spelt
    also : other words that sound the same, of a word
    phonemes : how it is said, without stress
    kind : ``word`` or ``phrase``
    edits : phonemes more, less or other than the keyword's
    cosine : of its typed embedding and the keyword's
    score : the cosine normalised as that of a detection is, so that it can be compared with a threshold
    same : whether it is said as the keyword is, but for stress
    """

    text: str
    also: tuple[str, ...]
    phonemes: str
    kind: str
    edits: int
    cosine: float
    score: float
    same: bool
