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
    explain : print the parts of the scores, too, where they have parts
    """

    def __init__(self, out: TextIO, explain: bool = False):
        self._out, self._table, self._explain = out, out.isatty(), explain
        self._headed = False

    def write(self, hit: Hit, file: str) -> None:
        """Print ``hit`` of ``file``."""
        if self._table:
            if not self._headed:
                self._line(COLUMNS.format("start", "end", "score", "threshold", "keyword", "file"))
            self._headed = True
            times = (_clock(hit.start), _clock(hit.end))
            self._line(COLUMNS.format(*times, f"{hit.score:.2f}", f"{hit.threshold:.2f}", hit.keyword, file))
            if parts := self._parts(hit):
                self._line(f"{'':>10}  {'':>10}  " + ", ".join(f"{name} {part:.2f}" for name, part in parts.items()))
            return
        facts = {"keyword": hit.keyword, "start": round(hit.start, 3), "end": round(hit.end, 3)}
        facts |= {"score": round(hit.score, 3), "threshold": round(hit.threshold, 3), "file": file}
        facts |= {name: round(part, 3) for name, part in self._parts(hit).items()}
        self._line(json.dumps(facts, ensure_ascii=False))

    def _parts(self, hit: Hit) -> dict[str, float]:
        parts = {"embedding": hit.embedding, "phonemes": hit.phonemes} if self._explain else {}
        return {name: part for name, part in parts.items() if part is not None}

    def _line(self, text: str) -> None:
        print(text, file=self._out, flush=True)


def _clock(seconds: float) -> str:
    """``1:02:03.45``."""
    hundredths = round(seconds * 100)
    minutes, rest = divmod(hundredths, 6000)
    hours, minutes = divmod(minutes, 60)
    return (f"{hours}:{minutes:02d}" if hours else f"{minutes}") + f":{rest // 100:02d}.{rest % 100:02d}"
