"""What was left out of a corpus, and why."""

from collections.abc import Iterable, Iterator

SHOWN = 160  # characters of an example


class Findings:
    """Things that could not be used, by kind: counted, with examples, and listed in full where wanted.

    >>> findings = Findings()
    >>> findings.add("empty words", "84-121123-0001 at 1.2 s")
    >>> print(findings.summary())
    1 empty words: 84-121123-0001 at 1.2 s
    """

    def __init__(self) -> None:
        self._kinds: dict[str, list[str]] = {}

    def add(self, kind: str, which: str) -> None:
        """Note one thing, for example ``add("empty words", "84-121123-0001 at 1.2 s")``."""
        self._kinds.setdefault(kind, []).append(which)

    def add_all(self, kind: str, which: Iterable[str]) -> None:
        """Note several things of one kind."""
        several = list(which)
        if several:
            self._kinds.setdefault(kind, []).extend(several)

    @property
    def counts(self) -> dict[str, int]:
        """How many things of each kind, in the order in which the kinds turned up."""
        return {kind: len(which) for kind, which in self._kinds.items()}

    def summary(self, examples: int = 3) -> str:
        """One line a kind: its count and its first ``examples``."""
        lines = []
        for kind, which in self._kinds.items():
            shown = "; ".join(one if len(one) <= SHOWN else one[:SHOWN] + "…" for one in which[:examples])
            lines.append(f"{len(which):,} {kind}: {shown}" + ("; …" if len(which) > examples else ""))
        return "\n".join(lines)

    def __iter__(self) -> Iterator[tuple[str, str]]:
        """Pairs (kind, which)."""
        return ((kind, one) for kind, which in self._kinds.items() for one in which)

    def __len__(self) -> int:
        return sum(map(len, self._kinds.values()))
