"""TextGrids as the Montreal Forced Aligner writes them."""

from pathlib import Path


def write_textgrid(path: Path, seconds: float, words: list[tuple[float, float, str]]) -> None:
    """A TextGrid as the Montreal Forced Aligner writes it, with silences as empty intervals; phones are the words."""
    intervals, at = [], 0.0
    for start, stop, word in words:
        intervals += [(at, start, "")] * (start > at) + [(start, stop, word)]
        at = stop
    intervals += [(at, seconds, "")] * (seconds > at)
    lines = ['File type = "ooTextFile"', 'Object class = "TextGrid"', "", "xmin = 0", f"xmax = {seconds}"]
    lines += ["tiers? <exists>", "size = 2", "item []:"]
    for number, name in enumerate(("words", "phones"), 1):
        lines += [f"    item [{number}]:", '        class = "IntervalTier"', f'        name = "{name}"']
        lines += ["        xmin = 0", f"        xmax = {seconds}", f"        intervals: size = {len(intervals)}"]
        for place, (start, stop, text) in enumerate(intervals, 1):
            lines += [f"        intervals [{place}]:", f"            xmin = {start}", f"            xmax = {stop}"]
            lines += [f'            text = "{text}"']
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n")
