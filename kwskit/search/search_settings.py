"""How a recording is searched."""

from collections.abc import Mapping
from dataclasses import dataclass, fields

from kwskit.spotting.expected_duration import fitting_windows

SECONDS = (0.3, 0.5, 0.8, 1.2)


@dataclass(frozen=True)
class SearchSettings:
    """How a recording is searched (ours).

    Attributes
    ----------
    windows : lengths of the windows in seconds
    overlap : of neighbouring windows of one length, as a share of it, from 0 to below 1
    cohort : other words that a query's score is normalised by; 0 leaves scores as they are, and None is 300 for
        systems that keep one embedding of an utterance, 20 for those that judge every pair
    refractory : peaks of a query are at least so many seconds apart
    most_per_hour : peaks of a query that are kept of an hour of a recording, the highest; ten of any recording are
    hop : windows of a length start at most so many seconds apart, whatever their overlap; 0 leaves that to the overlap

    Raises
    ------
    ValueError
        When a number is out of its range.
    """

    windows: tuple[float, ...] = SECONDS
    overlap: float = 0.75
    cohort: int | None = None
    refractory: float = 1.0
    most_per_hour: float = 360.0
    hop: float = 0.0

    def __post_init__(self) -> None:
        if not self.windows or not all(0.025 <= seconds <= 60 for seconds in self.windows):
            raise ValueError(f"windows are from 0.025 to 60 s long, not {self.windows}")
        if not 0 <= self.overlap < 1:
            raise ValueError(f"windows overlap by a share from 0 to below 1, not {self.overlap}")
        if self.cohort is not None and (self.cohort < 0 or self.cohort == 1):
            raise ValueError(f"a cohort has two words or more, or none (0), not {self.cohort}")
        if not 0 <= self.hop <= 60:
            raise ValueError(f"windows start 0 to 60 s apart, not {self.hop}")
        if self.refractory < 0 or self.most_per_hour <= 0:
            raise ValueError(f"refractory={self.refractory}, most_per_hour={self.most_per_hour}: too small")

    @classmethod
    def of(cls, facts: Mapping[str, str]) -> "SearchSettings":
        """What the facts of a search say, e.g. ``windows=0.3,0.8 cohort=0``, and the defaults of what they do not.

        Raises
        ------
        ValueError
            When one is not a number, or is out of its range.
        """
        given = {field.name: facts[field.name] for field in fields(cls) if facts.get(field.name)}
        try:
            found: dict = {name: float(value) for name, value in given.items() if name not in ("windows", "cohort")}
            if "windows" in given:
                found["windows"] = tuple(float(part) for part in given["windows"].split(","))
            if "cohort" in given:
                found["cohort"] = int(given["cohort"])
        except ValueError as error:
            raise ValueError(f"the settings of a search are numbers: {given}: {error}") from error
        return cls(**found)

    def fitting_windows(self, seconds: float) -> list[float]:
        """Those of ``windows`` that fit what takes ``seconds`` to be said, or the nearest one where none does."""
        fitting = [length for length in fitting_windows(seconds) if length in self.windows]
        return fitting or [min(self.windows, key=lambda length: max(length / seconds, seconds / length))]

    def facts(self) -> dict[str, str]:
        """As facts of a file."""
        cohort = {} if self.cohort is None else {"cohort": str(self.cohort)}
        rest = {name: f"{getattr(self, name):g}" for name in ("overlap", "refractory", "most_per_hour")}
        hop = {"hop": f"{self.hop:g}"} if self.hop else {}
        return {"windows": ",".join(f"{seconds:g}" for seconds in self.windows), **rest, **hop, **cohort}
