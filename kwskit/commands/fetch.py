"""``kwskit fetch``."""

import argparse
from pathlib import Path

HELP = "download public corpora: resumed, checked and unpacked"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Tell ``parser`` what the command takes."""
    parser.add_argument("names", nargs="*", metavar="NAME", help="what to fetch; --list names all")
    parser.add_argument("--to", type=Path, help="folder that takes the corpora")
    parser.add_argument("--list", action="store_true", help="list what can be fetched, with size and licence")
    parser.add_argument("--keep", action="store_true", help="keep archives that have been unpacked")


def run(options: argparse.Namespace) -> None:
    """Run it."""
    from kwskit.corpora.download.fetch import fetch, listing

    if options.list:
        print(listing())
        return
    if not options.names or options.to is None:
        raise ValueError("say what to fetch and where to: kwskit fetch NAME... --to DIR; --list names what there is")
    fetch(options.names, options.to, options.keep)
