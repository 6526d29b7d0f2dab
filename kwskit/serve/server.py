"""The page, served."""

import socket
import sys
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import uvicorn

from kwskit.serve.access_token import AccessToken, access_token
from kwskit.serve.address import loopback, tell_exposure
from kwskit.serve.page import Page
from kwskit.serve.patience import patient
from kwskit.spotting.kept.kept_folder import KeptFolder
from kwskit.spotting.spotter import Spotter

if TYPE_CHECKING:
    from kwskit.index.speech_index import SpeechIndex

CONNECTIONS = 64
FRAMED = (
    "--frame: browsers keep the token from a page within another site's, so with a token it could not be used there; "
    "--no-token lets everybody in who reaches it"
)


def serve(
    model: str | Path | None,
    index: Path | None,
    host: str,
    port: int,
    lexicon: Path | None = None,
    proxies: Collection[str] = (),
    frames: Collection[str] = (),
    token_file: Path | None = None,
    without_token: bool = False,
    keyword_files: Sequence[Path] = (),
    keep: KeptFolder | None = None,
) -> None:
    """Serve the page until it is interrupted.

    Parameters
    ----------
    model : as :meth:`kwskit.speech_model.model_source.ModelSource.find` takes it; None is that of the index, or the
        packaged one
    index : directory of what can be searched, if anything
    host : address of this machine that is listened at
    port : 0 is any that is free
    lexicon : file of readings that keywords have in the place of the dictionary's
    proxies, frames : by whom it is reached and shown from elsewhere, see :class:`~kwskit.serve.guard.Guard`
    token_file : file of the token that visitors need, see :func:`~kwskit.serve.access_token.access_token`
    without_token : whether everybody who reaches the page is let in, wherever it is listened at
    keyword_files, keep : see :class:`~kwskit.serve.page.Page`

    Raises
    ------
    ValueError
        When the token can be none, or is wanted within another site's page.
    kwskit.errors.ModelError
        When there is no usable model.
    kwskit.text.lexicon.LexiconError
        When the lexicon cannot be used.
    kwskit.errors.SpeechIndexError
        When the index cannot be used.
    kwskit.spotting.adapted.keyword_file.KeywordFileError
        When a keyword file cannot be used.
    OSError
        When the address cannot be listened at, or a file of a keyword or of the token not be read or made.
    """
    token = None if without_token else access_token(host, token_file)
    if token is not None and frames:
        raise ValueError(FRAMED)
    names = {host, socket.gethostname(), socket.getfqdn()}
    page = Page(
        *_opened(model, index, lexicon),
        keyword_files=keyword_files,
        keep=keep,
        names=names,
        proxies=proxies,
        frames=frames,
        token=None if token is None else token.secret,
    )
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, port), family=family) as listening:
        bound = listening.getsockname()[1]
        shown = f"[{host}]" if ":" in host else host
        if token is None:
            hear = ", hear and delete what it keeps" if keep else ""
            what = f"use this page{hear}, and search the index if there is one"
            tell_exposure(host, bound, what, "Without --no-token, they need a token.")
        else:
            _tell_token(host, token)
        query = "" if token is None or token.kept else f"?token={token.secret}"
        print(f"http://{shown}:{bound}/{query} (Ctrl-C ends it)", flush=True)
        uvicorn.Server(configuration(page)).run(sockets=[listening])


def configuration(page: Page) -> uvicorn.Config:
    """How the page is served: no log of visits, and bounded messages, connections and waiting."""
    return uvicorn.Config(
        page.app,
        **patient(page.limits.still_seconds),
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        limit_concurrency=CONNECTIONS,
        ws_max_size=page.limits.message_bytes,
        ws_max_queue=64,
        timeout_graceful_shutdown=2,
    )


def _tell_token(host: str, token: AccessToken) -> None:
    if token.kept:
        print(f"Add ?token= and the token of {token.kept} to the address, once in each browser.", file=sys.stderr)
    if not loopback(host):
        told = "Whoever has the token, and reaches this machine, can use this page. Nothing is encrypted on the way"
        print(f"{told}: on a network that you do not trust, have a proxy with HTTPS in front.", file=sys.stderr)


def _opened(model: str | Path | None, index: Path | None, lexicon: Path | None) -> "tuple[Spotter, SpeechIndex | None]":
    archive = None
    if index is None:
        spotter = Spotter.load(model, lexicon=lexicon)
    else:
        from kwskit.index.speech_index import SpeechIndex

        spotter = Spotter.load(model or SpeechIndex.open(index).about.opened_from or None, lexicon=lexicon)
        archive = SpeechIndex.open(index, spotter.model, lexicon=lexicon)
        assert archive.model is spotter.model  # told now, rather than at the first search, where it is another
    return spotter, archive
