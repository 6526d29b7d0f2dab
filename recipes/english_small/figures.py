#!/usr/bin/env python3
"""The figures of a model's card, of what tools/bench/people has measured on people's speech.

python recipes/english_small/figures.py OUT/results.json NAME > figures.json
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

PHRASES = ("2", "3", "4")
RATE = "0.5"  # false alarms of a keyword an hour


def main() -> None:
    """Read, pick, print."""
    if len(sys.argv) != 3:
        sys.exit(f"usage: {Path(sys.argv[0]).name} results.json NAME")
    results = json.loads(Path(sys.argv[1]).read_text("utf-8"))
    if sys.argv[2] not in results["models"]:
        sys.exit(f"{sys.argv[1]}: has no model '{sys.argv[2]}'; it has: {', '.join(results['models'])}")
    found = results["models"][sys.argv[2]]
    rows = [_figure(*one, results["command"]) for one in figures(found)]
    print(json.dumps(rows, indent=1, ensure_ascii=False))


def figures(found: dict[str, Any]) -> Iterator[tuple[str, dict[str, float]]]:
    """Name and value, as a share with the ends of its interval, of each figure of one model."""
    if "digits" in found:
        yield "ten digits, top 1, %", found["digits"]["top1"]["speakers"]
    if "librispeech" in found:
        words = found["librispeech"]["all"]
        yield "words of readers, easy pairs, EER, %", words["easy"]["eer"]
        yield "words of readers, hard pairs, EER, %", words["hard"]["eer"]
        yield "words of readers, AP of 50 others, %", words["many"]["ap"]
    for count in PHRASES:
        if count in found.get("phrases", {}):
            phrases = found["phrases"][count]["all"]
            yield f"phrases of {count} words, easy pairs, EER, %", phrases["easy"]["eer"]
            yield f"phrases of {count} words, hard pairs, EER, %", phrases["hard"]["eer"]
    for streams, heard in found.get("wake", {}).items():
        yield f"wake words missed at {RATE} false alarms/h, {streams}, %", heard["miss_at"][RATE]


def _figure(name: str, share: dict[str, float], command: str) -> dict[str, Any]:
    percent = {end: round(100 * share[end], 1) for end in ("value", "low", "high")}
    return {"name": name, **percent, "command": command}


if __name__ == "__main__":
    main()
