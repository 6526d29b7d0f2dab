"""The page, served."""

import socket
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import uvicorn

from kwskit.serve.address import tell_exposure
from kwskit.serve.page import Page
from kwskit.spotting.kept.kept_folder import KeptFolder
from kwskit.spotting.spotter import Spotter

if TYPE_CHECKING:
    from kwskit.index.speech_index import SpeechIndex

CONNECTIONS = 64


def serve(
    model: str | Path | None,
    index: Path | None,
    host: str,
    port: int,
    lexicon: Path | None = None,
    proxies: Collection[str] = (),
    frames: Collection[str] = (),
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
    keyword_files, keep : see :class:`~kwskit.serve.page.Page`

    Raises
    ------
    kwskit.errors.ModelError
        When there is no usable model.
    kwskit.text.lexicon.LexiconError
        When the lexicon cannot be used.
    kwskit.errors.SpeechIndexError
        When the index cannot be used.
    kwskit.spotting.adapted.keyword_file.KeywordFileError
        When a keyword file cannot be used.
    OSError
        When a keyword file cannot be read, or the address cannot be listened at.
    """
    names = {host, socket.gethostname(), socket.getfqdn()}
    opened = _opened(model, index, lexicon)
    page = Page(*opened, keyword_files=keyword_files, keep=keep, names=names, proxies=proxies, frames=frames)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, port), family=family) as listening:
        bound = listening.getsockname()[1]
        shown = f"[{host}]" if ":" in host else host
        hear = ", hear and delete what it keeps" if keep else ""
        tell_exposure(host, bound, f"use this page{hear}, and search the index if there is one", "Without --host")
        print(f"http://{shown}:{bound}/ (Ctrl-C ends it)", flush=True)
        uvicorn.Server(configuration(page)).run(sockets=[listening])


def configuration(page: Page) -> uvicorn.Config:
    """How the page is served: no log of visits, and bounded messages and connections."""
    return uvicorn.Config(
        page.app,
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        limit_concurrency=CONNECTIONS,
        ws_max_size=page.limits.message_bytes,
        ws_max_queue=64,
        timeout_graceful_shutdown=2,
    )


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
