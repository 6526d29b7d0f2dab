"""What a corpus of running speech holds."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


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


@dataclass(frozen=True)
class RunningPlan:
    """A corpus of running speech.

    Parameters
    ----------
    parts : engine -> what it speaks
    held_out : words that are never spoken
    pitch : range that a sentence's pitch factor is drawn from, uniformly on a log scale
    shard : sentences of a shard
    """

    parts: Mapping[str, SpeechPart]
    held_out: tuple[str, ...] = ()
    pitch: tuple[float, float] = (0.85, 1.2)
    shard: int = 200

    def settings(self, stored: Mapping[str, Any] | None = None) -> dict[str, object]:
        """To be stored beside the corpus, where perhaps ``stored`` is; only what makes a sentence what it is.

        So more sentences may come later, or other engines: those of ``stored`` stay.
        """
        own = {name: {**vars(part), "packages": dict(part.packages)} for name, part in self.parts.items()}
        for part in own.values():
            del part["sentences"]
        own = {**(stored or {}).get("splits", {}), **own}
        held_out = {"held_out": list(self.held_out), "pitch": list(self.pitch), "shard": self.shard}
        return {"format": 1, "kind": "running speech", "splits": own, **held_out}


@dataclass(frozen=True)
class RunningShard:
    """Sentences of one engine with numbers from ``first`` to before ``behind``."""

    name: str
    engine: str
    first: int
    behind: int

    @property
    def work(self) -> int:
        """Sentences to speak."""
        return self.behind - self.first
