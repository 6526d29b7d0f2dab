"""``kwskit serve``."""

import argparse
from pathlib import Path

from kwskit.commands import MODEL
from kwskit.commands.usage import add_lexicon, port

HELP = "serve a page on which to try keywords: type, speak or drop a recording, search an index"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Tell ``parser`` what the command takes."""
    parser.add_argument("--model", metavar="MODEL", help=f"{MODEL}; with --index it is that of the index")
    parser.add_argument("--index", type=Path, help="index that can be searched on the page")
    add_lexicon(parser)
    text = "port to listen at; 0 is any that is free (default 8000)"
    parser.add_argument("--port", type=port, default=8000, help=text)
    text = "address to listen at (default 127.0.0.1, which only this machine reaches)"
    parser.add_argument("--host", default="127.0.0.1", help=text)


def run(options: argparse.Namespace) -> None:
    """Run it."""
    from kwskit.serve.server import serve

    serve(options.model, options.index, options.host, options.port, options.lexicon)
