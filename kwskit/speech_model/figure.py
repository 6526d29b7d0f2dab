"""A figure of a model's card."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """What a model was measured to do.

    Attributes
    ----------
    name : what was measured, with its unit
    value : in that unit
    low, high : ends of its 95 % interval, or None where there is none
    command : that measures it
    """

    name: str
    value: float
    low: float | None
    high: float | None
    command: str

    def told(self) -> str:
        """In a line."""
        interval = "" if self.low is None or self.high is None else f" [{self.low:g}, {self.high:g}]"
        return f"{self.name} {self.value:g}{interval}"
