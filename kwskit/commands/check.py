"""``kwskit check``."""

import argparse
import json
import sys
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

from kwskit.commands import MODEL, TYPED
from kwskit.commands.usage import UsageError, add_device, add_lexicon, add_rate, count, finite
from kwskit.extras import missing_extra

if TYPE_CHECKING:
    from kwskit.check.example_readings import ExampleReadings
    from kwskit.check.keyword_check import KeywordCheck

HELP = "tell whether a keyword is a good one: how it is said, what it is confused with, false alarms, advice"
WIDTH = 100


def arguments(parser: argparse.ArgumentParser) -> None:
    """Tell ``parser`` what the command takes."""
    text = f"keyword: {TYPED}; several are also checked against each other"
    parser.add_argument("keywords", nargs="+", metavar="TEXT", help=text)
    parser.add_argument("--model", metavar="MODEL", help=MODEL)
    add_lexicon(parser)
    add_rate(parser)
    parser.add_argument("--threshold", type=finite, help="threshold of all keywords, in the place of their own")
    text = "background that kwskit calibrate has written (default: the model's own)"
    parser.add_argument("--background", type=Path, metavar="FILE", help=text)
    text = "number of words, of phrases and of longer words that are listed for a keyword, at most (default 10)"
    parser.add_argument("--count", type=count, default=10, metavar="N", help=text)
    text = "recording of the keyword, of one alone, to find how it is said (repeatable, one to three; default none)"
    parser.add_argument("--example", action="append", default=[], metavar="AUDIO", help=text)
    parser.add_argument("--picture", type=Path, metavar="FILE", help="picture of the check to draw, .png or .svg")
    text = "JSON in the place of a table, a line a keyword, as when stdout is no terminal"
    parser.add_argument("--json", action="store_true", help=text)
    add_device(parser)


def run(options: argparse.Namespace) -> None:
    """Run it."""
    from kwskit.check.check_keywords import check_keywords
    from kwskit.spotting.spotter import Spotter

    if options.example and len(options.keywords) > 1:
        raise UsageError("--example is a recording of one keyword: check it alone")
    if options.picture is not None:
        if options.picture.suffix.lower() not in (".png", ".svg"):
            raise UsageError(f"--picture {options.picture}: a picture is .png or .svg")
        try:
            from kwskit.check.picture import draw_checks
        except ModuleNotFoundError as error:
            raise missing_extra("picture", "a picture needs Matplotlib", error) from error
    spotter = Spotter.load(options.model, device=options.device, background=options.background, lexicon=options.lexicon)
    given = {"fa_per_hour": options.fa_per_hour, "threshold": options.threshold, "count": options.count}
    given["examples"] = options.example
    checks = check_keywords(spotter, options.keywords, **given)
    if options.picture is not None:
        draw_checks(checks, options.picture)
        print(f"drawn: {options.picture}", file=sys.stderr)
    if options.json or not sys.stdout.isatty():
        for check in checks:
            print(json.dumps(check.as_json(options.count), ensure_ascii=False))
    else:
        print("\n\n".join(described(check) for check in checks))


def described(check: "KeywordCheck") -> str:
    """A check, for a person."""
    keyword = check.keyword
    lines = [f"{keyword.text}: {check.verdict.upper()}", ""]
    for remark in check.remarks:
        lines += textwrap.wrap(f"{remark.level:<6} {remark.text}", WIDTH, subsequent_indent=" " * 7)
    origins = ", ".join(f"{word} ({origin})" for word, origin in check.reads)
    between = ", | between words" if any("|" in said for said in check.pronunciations) else ""
    lines += ["", f"said          {check.pronunciations[0]}   from {origins}{between}"]
    lines += [f"           or {said}" for said in check.pronunciations[1:]]
    if check.heard is not None:
        lines += heard_lines(check.heard)
    windows = ", ".join(f"{seconds:g}" for seconds in keyword.windows)
    lines.append(f"takes         about {keyword.seconds:.2f} s; heard in windows of {windows} s")
    lines.append(f"itself        {check.own:.2f}, as typed")
    lines.append(f"threshold     {keyword.threshold_text(check.minutes)}")
    alarms = "unknown: calibrate"
    if check.false_alarms is not None:
        peaks = f"{check.reached} peak{' reaches' if check.reached == 1 else 's reach'} the threshold"
        alarms = f"{check.false_alarms:.2g} an hour, an estimate from the background, in which {peaks}"
    lines.append(f"false alarms  {alarms}")
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


def heard_lines(heard: "ExampleReadings") -> list[str]:
    """What recordings tell of how a keyword is said, for a person."""
    what = "log-likelihood of the phonemes in the recordings" if heard.by == "phonemes" else "mean score in them"
    lines = ["", f"{'fit':>8}  readings by the recordings ({what})"]
    for one in heard.readings:
        also = ", heard too" if one.heard and one.origin != "heard" else ""
        lines.append(f"{one.fit:8.2f}  {one.phonemes:<40} {one.origin}{also}")
    return [*lines, f"type          {heard.typed}", ""]
