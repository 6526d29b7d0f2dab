"""Hits as they are printed."""

import json
from typing import TextIO

from kwskit.spotting.hit import Hit

COLUMNS = "{:>10}  {:>10}  {:>7}  {:>9}  {:<24}  {}"


class HitWriter:
    """Prints a hit a line, at once: JSON, or a table where somebody looks at a terminal.

    Parameters
    ----------
    out : such as ``sys.stdout``
    """

    def __init__(self, out: TextIO):
        self._out, self._table = out, out.isatty()
        self._headed = False

    def write(self, hit: Hit, file: str) -> None:
        """Print ``hit`` of ``file``."""
        if self._table:
            if not self._headed:
                self._line(COLUMNS.format("start", "end", "score", "threshold", "keyword", "file"))
            self._headed = True
            times = (_clock(hit.start), _clock(hit.end))
            self._line(COLUMNS.format(*times, f"{hit.score:.2f}", f"{hit.threshold:.2f}", hit.keyword, file))
            return
        facts = {"keyword": hit.keyword, "start": round(hit.start, 3), "end": round(hit.end, 3)}
        facts |= {"score": round(hit.score, 3), "threshold": round(hit.threshold, 3), "file": file}
        self._line(json.dumps(facts, ensure_ascii=False))

    def _line(self, text: str) -> None:
        print(text, file=self._out, flush=True)


def _clock(seconds: float) -> str:
    """``1:02:03.45``."""
    hundredths = round(seconds * 100)
    minutes, rest = divmod(hundredths, 6000)
    hours, minutes = divmod(minutes, 60)
    return (f"{hours}:{minutes:02d}" if hours else f"{minutes}") + f":{rest // 100:02d}.{rest % 100:02d}"
