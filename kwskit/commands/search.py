"""``kwskit search``."""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from kwskit.commands import TYPED
from kwskit.commands.usage import UsageError, add_device, add_lexicon, count, finite

if TYPE_CHECKING:
    from kwskit.index.speech_index import SpeechIndex
    from kwskit.index.tables import Found

HELP = "find typed words, or those of a spoken example, in an index"
OVERRIDES = True  # argparse would not take the text where options are between it and the index


def arguments(parser: argparse.ArgumentParser) -> None:
    """Tell ``parser`` what the command takes."""
    parser.add_argument("index", metavar="INDEX", help="index that kwskit index has made")
    parser.add_argument("text", nargs="?", help=f"words to find: {TYPED}")
    parser.add_argument("--example", metavar="AUDIO", help="recording of the words to find, and of nothing else")
    text = "directory of the model that the index was made with, if it has been moved"
    parser.add_argument("--model", metavar="MODEL", help=text)
    add_device(parser)
    add_lexicon(parser)
    text = "number of hits, at most (default 20; 1000 for each of --queries)"
    parser.add_argument("--top", type=count, metavar="N", help=text)
    parser.add_argument("--min-score", type=finite, metavar="SCORE", help="least score of a hit")
    text = "folder that a WAV file of each hit is written into, with a bit around it"
    parser.add_argument("--snippets", type=Path, metavar="DIR", help=text)
    text = "folder of a term detection task whose queries are searched for, such as data/search/test"
    parser.add_argument("--queries", type=Path, metavar="FOLDER", help=text)
    text = "file that the detections of --queries are written to, for the scorer"
    parser.add_argument("--to", type=Path, metavar="FILE", help=text)


def run(options: argparse.Namespace, rest: list[str]) -> None:
    """Run it."""
    if options.text is None and len(rest) == 1 and not rest[0].startswith("-"):
        options.text, rest = rest[0], []
    if rest:
        raise UsageError(f"unknown argument {rest[0]}: a text of several words goes in quotation marks")
    from kwskit.index.snippets import write_snippets
    from kwskit.index.speech_index import TOP, SpeechIndex

    if sum(one is not None for one in (options.text, options.example, options.queries)) != 1:
        raise UsageError("say what to search for: typed words, or --example AUDIO, or --queries FOLDER")
    index = SpeechIndex.open(options.index, options.model, options.device, options.lexicon)
    if options.queries is not None:
        _detect(options, index)
        return
    top = TOP if options.top is None else options.top
    if options.example is not None:
        hits = index.search_example(options.example, top, options.min_score)
    else:
        hits = index.search(options.text, top, options.min_score)
    snippets = write_snippets(hits, options.snippets) if options.snippets else []
    _print_hits(hits, snippets)


def _detect(options: argparse.Namespace, index: "SpeechIndex") -> None:
    from kwskit.data.records import write_records
    from kwskit.index.search_folder import TOP, detections

    if options.to is None:
        raise UsageError("say where the detections go: --to FILE")
    found = detections(index, options.queries, TOP if options.top is None else options.top)
    write_records(options.to, "detections", found, {"model": index.about.model, "digest": index.about.digest})
    print(f"{len(found):,} detections: {options.to}")


def _print_hits(hits: Sequence["Found"], snippets: Sequence[Path] = ()) -> None:
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
        line = f"{hit.score:6.2f}  {_clock(hit.start):>10}  {hit.stop - hit.start:4.1f} s  {hit.path}"
        print(f"{line}  {snippets[number]}" if snippets else line)


def _clock(seconds: float) -> str:
    """``1:02:03.4``, or ``2:03.4`` below an hour."""
    tenths = round(seconds * 10)
    minutes, rest = divmod(tenths, 600)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest / 10:04.1f}" if hours else f"{minutes}:{rest / 10:04.1f}"
