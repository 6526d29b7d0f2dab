"""``kwskit fetch``."""

import argparse
from pathlib import Path

from kwskit.commands.usage import UsageError

HELP = "download public corpora, check and unpack them; what was interrupted is resumed"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Tell ``parser`` what the command takes."""
    parser.add_argument("names", nargs="*", metavar="NAME", help="name of what is fetched; --list shows all")
    parser.add_argument("--to", type=Path, help="folder that the corpora are put into")
    text = "list of what can be fetched, with size and licence; nothing is fetched"
    parser.add_argument("--list", action="store_true", help=text)
    parser.add_argument("--keep", action="store_true", help="archives are kept after they have been unpacked")


def run(options: argparse.Namespace) -> None:
    """Run it."""
    from kwskit.corpora.download.fetch import fetch, listing

    if options.list:
        print(listing())
        return
    if not options.names or options.to is None:
        raise UsageError("say what to fetch and where to: kwskit fetch NAME... --to DIR; --list names what there is")
    fetch(options.names, options.to, options.keep)
