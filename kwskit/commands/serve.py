"""``kwskit serve``."""

import argparse
from pathlib import Path

from kwskit.commands import MODEL

HELP = "a page to try keywords on: type, speak or drop a recording, search an index"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Tell ``parser`` what the command takes."""
    parser.add_argument("--model", metavar="MODEL", help=f"{MODEL}; with --index, that of the index")
    parser.add_argument("--index", type=Path, help="directory of kwskit index, to be searched on the page")
    parser.add_argument("--port", type=int, default=8000, help="0 takes any that is free")
    parser.add_argument("--host", default="127.0.0.1", help="listen at another address than this machine's own")


def run(options: argparse.Namespace) -> None:
    """Run it."""
    from kwskit.serve.server import serve

    serve(options.model, options.index, options.host, options.port)
