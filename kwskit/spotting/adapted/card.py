"""What is known of an adapted keyword, by speech that it was not trained with."""

from dataclasses import asdict, dataclass
from typing import Any

from kwskit.arguments import NonNegativeInt, PositiveFloat, built_from

FEW = 20  # trials of a kind below which a share says little


@dataclass(frozen=True)
class HeldOut:
    """Trials of one kind: how many there are, and how many reach the threshold as typed and as adapted."""

    trials: NonNegativeInt
    typed: NonNegativeInt
    adapted: NonNegativeInt


@dataclass(frozen=True)
class AdaptationCard:
    """How an adapted keyword was made, and how it does beside the typed one, each at its own threshold.

    Attributes
    ----------
    engines : synthesis voices that spoke
    left_out : what was not installed
    utterances : of the keyword that it was trained with, spoken by voices
    other_utterances : of what it may be confused with, spoken by voices
    recordings : of the keyword, and of what is none, that it was trained with
    fa_per_hour : false alarms an hour that both thresholds were set for, by the same half of the background
    minutes : of that half, which it was not trained with
    typed_threshold, adapted_threshold : set so; the second is higher where that keeps marked false alarms away
    said : held-out voices that say the keyword; what does not reach the threshold is missed
    near : held-out voices that say other held-out words and phrases near to it
    said_recorded : held-out recordings of the keyword
    not_recorded : held-out recordings of what is none
    """

    engines: tuple[str, ...]
    left_out: tuple[str, ...]
    utterances: NonNegativeInt
    other_utterances: NonNegativeInt
    recordings: NonNegativeInt
    fa_per_hour: PositiveFloat
    minutes: PositiveFloat
    typed_threshold: float
    adapted_threshold: float
    said: HeldOut
    near: HeldOut
    said_recorded: HeldOut
    not_recorded: HeldOut

    @classmethod
    def of_json(cls, values: Any) -> "AdaptationCard":
        """What :meth:`as_json` has given; ValueError for anything else."""
        card = built_from(cls, values, "card")
        for name in ("engines", "left_out"):
            if not all(isinstance(one, str) for one in getattr(card, name)):
                raise ValueError(f"card.{name} must be a list of texts")
        for name in KINDS:
            kind = getattr(card, name)
            if max(kind.typed, kind.adapted) > kind.trials:
                raise ValueError(f"card.{name} has more that reach the threshold than there are")
        return card

    def as_json(self) -> dict[str, Any]:
        """For a file, or for a person's program."""
        return asdict(self)

    def lines(self) -> list[str]:
        """For a person."""
        found = [
            f"trained with {self.utterances} utterances of it and {self.other_utterances} of what is near, by "
            f"{', '.join(self.engines)}; {self.recordings} recordings",
            *(f"left out: {one}" for one in self.left_out),
            f"thresholds for {self.fa_per_hour:g} false alarms an hour, by {self.minutes:.1f} minutes of background "
            f"that it was not trained with: typed {self.typed_threshold:.2f}, adapted {self.adapted_threshold:.2f}",
            "at these, of speech that it was not trained with:",
        ]
        for name, (title, missed) in KINDS.items():
            kind: HeldOut = getattr(self, name)
            typed, adapted = (kind.trials - n if missed else n for n in (kind.typed, kind.adapted))
            verb = "missed" if missed else "heard as it"
            few = "; too few to tell" if kind.trials < FEW else ""
            found.append(f"  {title}: {verb} typed {typed}, adapted {adapted} of {kind.trials}{few}")
        return found


# Kinds of trials, and whether what does not reach the threshold is the mistake.
KINDS = {
    "said": ("it, by other voices", True),
    "near": ("other words near it, by other voices", False),
    "said_recorded": ("your recordings of it", True),
    "not_recorded": ("your recordings without it", False),
}
