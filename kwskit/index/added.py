"""What adding to an index has done."""

from dataclasses import dataclass, field


@dataclass
class Added:
    """What became of the files that were to be indexed.

    Attributes
    ----------
    indexed : paths of files that are in the index now and were not
    replaced : paths of files that had changed
    skipped : how many had been indexed before and have not changed
    removed : paths of files that were in the index and are no more
    refused : files and folders that cannot be read, or files whose name no index can hold, with the reason
    passed_over : recordings of kinds that are not read
    seconds : of audio indexed
    """

    indexed: list[str] = field(default_factory=list)
    replaced: list[str] = field(default_factory=list)
    skipped: int = 0
    removed: list[str] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)
    passed_over: list[str] = field(default_factory=list)
    seconds: float = 0.0

    def summary(self) -> str:
        """In one line for people."""
        parts = [f"{len(self.indexed)} files indexed"]
        counts = {"replaced": len(self.replaced), "unchanged": self.skipped, "removed": len(self.removed)}
        parts += [f"{count} {what}" for what, count in counts.items() if count]
        if self.refused:
            parts.append(f"{len(self.refused)} cannot be read")
        return f"{', '.join(parts)}; {self.seconds / 3600:.2f} h of audio"
