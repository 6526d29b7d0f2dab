"""What a corpus of running speech holds."""

from collections.abc import Mapping
from dataclasses import dataclass

from kwskit.data.speech_part import SpeechPart


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

    def settings(self) -> dict[str, object]:
        """As stored beside the corpus; an engine may come later, as a split of another corpus may."""
        own = {name: {**vars(part), "packages": dict(part.packages)} for name, part in self.parts.items()}
        held_out = {"held_out": list(self.held_out), "pitch": list(self.pitch), "shard": self.shard}
        return {"format": 1, "kind": "running speech", "splits": own, **held_out}
