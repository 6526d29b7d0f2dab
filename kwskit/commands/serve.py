"""``kwskit serve``."""

import argparse
import re
from pathlib import Path

from kwskit.commands import MODEL
from kwskit.commands.usage import add_keep, add_lexicon, kept_folder, port

HELP = "serve a page on which to try keywords: type, speak or drop a recording, search an index"
HOST = r"[A-Za-z0-9][A-Za-z0-9.-]*(:[0-9]{1,5})?"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Tell ``parser`` what the command takes."""
    parser.add_argument("--model", metavar="MODEL", help=f"{MODEL}; with --index it is that of the index")
    parser.add_argument("--index", type=Path, help="index that can be searched on the page")
    text = "keyword that kwskit adapt has written, which the page begins with (repeatable)"
    parser.add_argument("--keyword-file", type=Path, action="append", default=[], metavar="FILE.kw", help=text)
    add_lexicon(parser)
    add_keep(parser)
    text = "port to listen at; 0 is any that is free (default 8000)"
    parser.add_argument("--port", type=port, default=8000, help=text)
    text = "address to listen at (default 127.0.0.1, which only this machine reaches); at others, visitors need a token"
    parser.add_argument("--host", default="127.0.0.1", help=text)
    text = "HOST or HOST:PORT by which browsers reach a proxy in front of this server (repeatable)"
    parser.add_argument("--proxy", type=_host, action="append", default=[], metavar="HOST", help=text)
    token = parser.add_mutually_exclusive_group()
    text = "file of the token that visitors need; one is made where it is not there (or give the token in KWSKIT_TOKEN)"
    token.add_argument("--token-file", type=Path, metavar="FILE", help=text)
    text = "let everybody in who reaches the page; the default at an address of this machine alone"
    token.add_argument("--no-token", action="store_true", help=text)
    text = "origin of a site that may show the page in a frame, such as https://example.org (repeatable; default none)"
    parser.add_argument("--frame", type=_origin, action="append", default=[], metavar="ORIGIN", help=text)


def run(options: argparse.Namespace) -> None:
    """Run it."""
    from kwskit.serve.server import serve

    serve(
        options.model,
        options.index,
        options.host,
        options.port,
        options.lexicon,
        proxies=options.proxy,
        frames=options.frame,
        token_file=options.token_file,
        without_token=options.no_token,
        keyword_files=options.keyword_file,
        keep=kept_folder(options),
    )


def _host(text: str) -> str:
    if not re.fullmatch(HOST, text):
        raise argparse.ArgumentTypeError(f"'{text}' is no HOST or HOST:PORT, such as page.example.org")
    return text.lower()


def _origin(text: str) -> str:
    if not re.fullmatch(rf"https?://{HOST}", text):
        raise argparse.ArgumentTypeError(f"'{text}' is no origin, such as https://example.org")
    return text
