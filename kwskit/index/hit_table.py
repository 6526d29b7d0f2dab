"""Hits told on stdout."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path

from kwskit.index.found import Found


def tell(hits: Sequence[Found], snippets: Sequence[Path] = ()) -> None:
    """A table on a terminal, JSON lines elsewhere; with a column of ``snippets``, one a hit, where there are any."""
    if not sys.stdout.isatty():
        for number, hit in enumerate(hits):
            facts = hit._asdict() | ({"snippet": str(snippets[number])} if snippets else {})
            print(
                json.dumps({name: round(fact, 3) if isinstance(fact, float) else fact for name, fact in facts.items()})
            )
        return
    if not hits:
        print("nothing found")
        return
    print(f"{'score':>6}  {'time':>10}  {'':>6}  file")
    for number, hit in enumerate(hits):
        line = f"{hit.score:6.2f}  {clock(hit.start):>10}  {hit.stop - hit.start:4.1f} s  {hit.path}"
        print(f"{line}  {snippets[number]}" if snippets else line)


def clock(seconds: float) -> str:
    """``1:02:03.4``, or ``2:03.4`` below an hour."""
    tenths = round(seconds * 10)
    minutes, rest = divmod(tenths, 600)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest / 10:04.1f}" if hours else f"{minutes}:{rest / 10:04.1f}"
