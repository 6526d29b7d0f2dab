"""What an export has made."""

from dataclasses import dataclass
from pathlib import Path

from kwskit.export.agreement import Agreement
from kwskit.export.profile import Profile


@dataclass(frozen=True)
class Exported:
    """One precision of an exported model.

    Attributes
    ----------
    directory, precision : where, and ``float32`` or ``int8``
    size : bytes of its files, the card not counted
    agreements : with the trained model, by what
    factors : real-time factors, by what
    average_precision : of the trials, or None
    """

    directory: Path
    precision: str
    size: int
    agreements: dict[str, Agreement]
    factors: dict[str, float]
    average_precision: float | None


@dataclass(frozen=True)
class Report:
    """What an export has made, beside the same of the trained model."""

    profile: Profile
    compared_on: str
    factors: dict[str, float]
    average_precision: float | None
    exported: list[Exported]
