"""``kwskit search``."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kwskit.index.speech_index import SpeechIndex

HELP = "find typed words, or those of a spoken example, in an index"
OVERRIDES = True  # argparse would not take the text where options are between it and the index


def arguments(parser: argparse.ArgumentParser) -> None:
    """Tell ``parser`` what the command takes."""
    parser.add_argument("index", metavar="INDEX", help="what kwskit index has made")
    parser.add_argument("text", nargs="?", help="typed words")
    parser.add_argument("--example", metavar="AUDIO", help="a recording of the words, and of nothing else")
    parser.add_argument("--model", metavar="MODEL", help="where the model of the index is, if it has been moved")
    parser.add_argument("--device", default="cpu", help="of torch, for a trained model")
    parser.add_argument("--top", type=int, metavar="N", help="hits, at most (default 20; of each of --queries 1000)")
    parser.add_argument("--min-score", type=float, metavar="SCORE", help="least score of a hit")
    parser.add_argument(
        "--snippets", type=Path, metavar="DIR", help="write a WAV file of each hit, with a bit around it"
    )
    told = "search for the queries of a term detection task: its folder, such as data/search/test"
    parser.add_argument("--queries", type=Path, metavar="FOLDER", help=told)
    parser.add_argument("--to", type=Path, metavar="FILE", help="where the detections of --queries go, for the scorer")


def run(options: argparse.Namespace, rest: list[str]) -> None:
    """Run it."""
    if options.text is None and len(rest) == 1 and not rest[0].startswith("-"):
        options.text, rest = rest[0], []
    if rest:
        raise ValueError(f"unknown argument {rest[0]}: a text of several words goes in quotation marks")
    from kwskit.index.hit_table import tell
    from kwskit.index.snippets import write_snippets
    from kwskit.index.speech_index import TOP, SpeechIndex

    if sum(one is not None for one in (options.text, options.example, options.queries)) != 1:
        raise ValueError("say what to search for: typed words, or --example AUDIO, or --queries FOLDER")
    index = SpeechIndex.open(options.index, options.model, options.device)
    if options.queries is not None:
        _detect(options, index)
        return
    top = TOP if options.top is None else options.top
    if options.example is not None:
        hits = index.search_example(options.example, top, options.min_score)
    else:
        hits = index.search(options.text, top, options.min_score)
    snippets = write_snippets(hits, options.snippets) if options.snippets else []
    tell(hits, snippets)


def _detect(options: argparse.Namespace, index: "SpeechIndex") -> None:
    from kwskit.index.search_folder import TOP, detections
    from kwskit.records import write_records

    if options.to is None:
        raise ValueError("say where the detections go: --to FILE")
    found = detections(index, options.queries, TOP if options.top is None else options.top)
    write_records(options.to, "detections", found, {"model": index.about.model, "digest": index.about.digest})
    print(f"{len(found):,} detections: {options.to}")
