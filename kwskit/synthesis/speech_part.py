"""What one engine speaks of a corpus of running speech."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class SpeechPart:
    """Sentences of one engine.

    Parameters
    ----------
    seed : of its sentences and all that is drawn for them
    sentences : how many, numbered from 0
    speakers : speaker ids, all equally likely
    in_turn : speakers take turns, by the sentence's number, in their own pitch; otherwise both are drawn
    packages : versions of what shapes the sound, stored with the corpus
    """

    seed: int
    sentences: int
    speakers: tuple[str, ...]
    in_turn: bool = False
    packages: Mapping[str, str] = field(default_factory=dict)
