"""``kwskit search``."""

import argparse
from pathlib import Path

TOLD = "find typed words, or those of a spoken example, in an index"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Tell ``parser`` what the command takes."""
    parser.add_argument("index", metavar="INDEX", help="what kwskit index has made")
    parser.add_argument("text", nargs="?", help="typed words")
    parser.add_argument("--example", metavar="AUDIO", help="a recording of the words, and of nothing else")
    parser.add_argument("--model", metavar="DIR", help="where the model of the index is, if it has been moved")
    parser.add_argument("--device", default="cpu", help="of torch, for a trained model")
    parser.add_argument("--top", type=int, default=20, metavar="N", help="hits, at most (default 20)")
    parser.add_argument("--min-score", type=float, metavar="SCORE", help="least score of a hit")
    parser.add_argument(
        "--snippets", type=Path, metavar="DIR", help="write a WAV file of each hit, with a bit around it"
    )


def run(options: argparse.Namespace) -> None:
    """Run it."""
    from kwskit.index.hit_table import tell
    from kwskit.index.snippets import write_snippets
    from kwskit.index.speech_index import SpeechIndex

    if (options.text is None) == (options.example is None):
        raise ValueError("say what to search for: typed words, or --example AUDIO")
    index = SpeechIndex.open(options.index, options.model, options.device)
    if options.example is not None:
        hits = index.search_example(options.example, options.top, options.min_score)
    else:
        hits = index.search(options.text, options.top, options.min_score)
    snippets = write_snippets(hits, options.snippets) if options.snippets else []
    tell(hits, snippets)
