"""``kwskit check``."""

import argparse
import json
import sys
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

from kwskit.commands import MODEL
from kwskit.extras import missing_extra

if TYPE_CHECKING:
    from kwskit.check.keyword_check import KeywordCheck

HELP = "is it a good wake word? pronunciations, what it is confused with, false alarms, advice"
WIDTH = 100


def arguments(parser: argparse.ArgumentParser) -> None:
    """Tell ``parser`` what the command takes."""
    parser.add_argument("keywords", nargs="+", metavar="TEXT", help="several are also checked against each other")
    parser.add_argument("--model", metavar="MODEL", help=MODEL)
    parser.add_argument("--fa-per-hour", type=float, default=0.5, help="false alarms of a keyword (default 0.5)")
    parser.add_argument("--threshold", type=float, help="of all keywords, in the place of their own")
    parser.add_argument("--background", type=Path, metavar="FILE", help="of kwskit calibrate (default: the model's)")
    parser.add_argument("--count", type=int, default=10, help="words, and phrases, that are told (default 10)")
    parser.add_argument("--picture", type=Path, metavar="FILE", help="draw it, .png or .svg")
    parser.add_argument("--json", action="store_true", help="a JSON line a keyword, as when stdout is no terminal")
    parser.add_argument("--device", default="cpu", help="of torch, for a trained model")


def run(options: argparse.Namespace) -> None:
    """Run it."""
    from kwskit.check.check_keywords import check_keywords
    from kwskit.spotting.spotter import Spotter

    if options.picture is not None:
        if options.picture.suffix.lower() not in (".png", ".svg"):
            raise ValueError(f"--picture {options.picture}: a picture is .png or .svg")
        try:
            from kwskit.check.picture import draw_checks
        except ModuleNotFoundError as error:
            raise missing_extra("picture", "a picture needs Matplotlib", error) from error
    spotter = Spotter.load(options.model, device=options.device, background=options.background)
    given = {"fa_per_hour": options.fa_per_hour, "threshold": options.threshold, "count": options.count}
    checks = check_keywords(spotter, options.keywords, **given)
    if options.picture is not None:
        draw_checks(checks, options.picture)
        print(f"drawn: {options.picture}", file=sys.stderr)
    if options.json or not sys.stdout.isatty():
        for check in checks:
            print(json.dumps(check.as_json(), ensure_ascii=False))
    else:
        print("\n\n".join(told(check) for check in checks))


def told(check: "KeywordCheck") -> str:
    """A check, for a person."""
    keyword = check.keyword
    lines = [f"{keyword.text}: {check.verdict.upper()}", ""]
    for remark in check.remarks:
        lines += textwrap.wrap(f"{remark.level:<6} {remark.text}", WIDTH, subsequent_indent=" " * 7)
    origins = ", ".join(f"{word} ({origin})" for word, origin in check.reads)
    lines += ["", f"said          {check.pronunciations[0]}   from {origins}"]
    lines += [f"              {said}" for said in check.pronunciations[1:]]
    windows = ", ".join(f"{seconds:g}" for seconds in keyword.windows)
    lines.append(f"takes         about {keyword.seconds:.2f} s; heard in windows of {windows} s")
    rate = (
        "given" if keyword.fa_per_hour is None else f"{keyword.threshold_source}, for {keyword.fa_per_hour:g} an hour"
    )
    lines.append(f"threshold     {keyword.threshold:.2f} ({rate}); itself, as typed, it scores {check.own:.2f}")
    alarms = "unknown: calibrate" if check.false_alarms is None else f"{check.false_alarms:.2g} an hour"
    heard = f", by {check.minutes:.0f} minutes of background" if check.minutes else ""
    lines.append(f"false alarms  {alarms}{heard}")
    for title, rows in (("words", check.words), ("phrases", check.phrases)):
        if rows:
            lines += [
                "",
                f" score  {title} heard as nearest, as typed (spoken, a fifth lower; > reaches the threshold)",
            ]
        for one in rows:
            also = f" ({', '.join(one.also[:3])})" if one.also else ""
            edits = "sounds the same" if one.same else f"phonemes changed: {one.edits}"
            mark = ">" if one.score >= keyword.threshold else " "
            lines.append(f"{mark}{one.score:5.2f}  {one.text + also:<32} {one.phonemes:<32} {edits}")
    if check.rivals:
        lines += ["", " score  the other keywords, as typed"]
    for rival in sorted(check.rivals, key=lambda one: -one.score):
        mark = ">" if rival.score >= keyword.threshold else " "
        lines.append(f"{mark}{rival.score:5.2f}  {rival.text}{', which sounds the same' if rival.same else ''}")
    return "\n".join(lines)
