"""A piece of running speech that goes into one file."""

from dataclasses import dataclass


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
