"""Progress of long work: a bar on a terminal, plain lines elsewhere."""

import sys
import time
from types import TracebackType

from tqdm import tqdm


class Progress:
    """A tqdm bar on a terminal; where the output goes to a file, a line for every tenth of the work.

    Parameters
    ----------
    total : units of work; name : what is done; unit : what is counted
    """

    def __init__(self, total: int, name: str, unit: str):
        self.total, self.name, self.unit, self.done = total, name, unit, 0
        self._bar = tqdm(total=total, desc=name, unit=unit) if sys.stderr.isatty() and total else None
        self._began = time.monotonic()

    def advance(self, count: int) -> None:
        """Count ``count`` more units as done."""
        tenth = self.done * 10 // max(self.total, 1)
        self.done += count
        if self._bar is not None:
            self._bar.update(count)
        elif self.done * 10 // max(self.total, 1) > tenth:
            spent = max(time.monotonic() - self._began, 1e-9)
            speed = f"{self.done / spent:.0f} {self.unit}/s"
            print(f"{self.name}: {self.done:,} of {self.total:,} ({spent:.0f} s, {speed})", file=sys.stderr, flush=True)

    def __enter__(self) -> "Progress":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._bar is not None:
            self._bar.close()
