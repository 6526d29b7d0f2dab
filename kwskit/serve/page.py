"""The page: what may be asked of its server, and what that answers."""

import re
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp

from kwskit.serve.archive import Archive
from kwskit.serve.enrolments import FILE_KEY, KEYWORD_FILE_BYTES, Enrolments
from kwskit.serve.file_spotting import FileSpotting
from kwskit.serve.guard import Guard
from kwskit.serve.heavy_work import HeavyWork
from kwskit.serve.kept_clips import KeptClips
from kwskit.serve.limits import Limits
from kwskit.serve.microphone import MicrophoneSocket
from kwskit.serve.reading_aloud import has_voice, read_aloud
from kwskit.serve.refusal import Refusal
from kwskit.serve.said_once import said_once
from kwskit.serve.token_gate import TokenGate
from kwskit.serve.upload import JSON_SECONDS, Upload, received, received_json, wav
from kwskit.spotting.kept.kept_folder import KeptFolder
from kwskit.spotting.spotter import Spotter

if TYPE_CHECKING:
    from kwskit.index.speech_index import SpeechIndex

STATIC = Path(__file__).parent / "static"
PHONEMES = 300  # characters of a reading
T = TypeVar("T")


class Page:
    """The page as an ASGI application, ``app``.

    Parameters
    ----------
    spotter : what listens; nobody else enrols with it
    index : what can be searched, if anything
    limits : on what visitors ask
    keyword_files : keywords that kwskit adapt has written, which the page begins with
    keep : where to keep clips of what sets keywords off, for visitors to judge; nothing is kept without
    names, proxies, frames : by whom it is reached and shown, see :class:`~kwskit.serve.guard.Guard`
    token : that visitors have to know, see :class:`~kwskit.serve.token_gate.TokenGate`; None lets all in
    """

    def __init__(
        self,
        spotter: Spotter,
        index: "SpeechIndex | None" = None,
        limits: Limits | None = None,
        keyword_files: Sequence[str | Path] = (),
        keep: KeptFolder | None = None,
        names: Collection[str] = (),
        proxies: Collection[str] = (),
        frames: Collection[str] = (),
        token: str | None = None,
    ):
        self.spotter, self.limits = spotter, limits or Limits()
        self.work = HeavyWork(self.limits.waiting)
        self.enrolments = Enrolments(spotter, self.limits)
        self.keyword_files = [self.enrolments.take(Path(file).read_bytes(), str(file)) for file in keyword_files]
        self.archive = None if index is None else Archive(index, self.limits)
        self.kept = None if keep is None else KeptClips(keep, self.work)
        parts = self.enrolments, self.work, self.limits, keep
        routes = [
            Route("/", lambda request: FileResponse(STATIC / "index.html")),
            Route("/api/about", self.about),
            Route("/api/keyword", self.keyword, methods=["POST"]),
            Route("/api/keyword/file", self.keyword_file, methods=["POST"]),
            Route("/api/keyword/heard", self.keyword_heard, methods=["POST"]),
            Route("/api/spot", FileSpotting(*parts), methods=["POST"]),
            Route("/api/keyword/aloud", self.keyword_aloud),
            Route("/api/wav", self.wav, methods=["POST"]),
            WebSocketRoute("/api/listen", MicrophoneSocket(*parts).__call__),
            Route("/api/search", self.search, methods=["POST"]),
            Route("/api/search/example", self.search_example, methods=["POST"]),
            Route("/api/snippet/{number}", self.snippet),
            *(self.kept.routes() if self.kept else []),
            Mount("/static", StaticFiles(directory=STATIC, packages=[("kwskit.browser", "static")])),
        ]
        handlers: dict[Any, Any] = {Refusal: _refused, HTTPException: _not_found, Exception: _broken}
        handlers[ClientDisconnect] = _gone
        app: ASGIApp = Starlette(routes=routes, exception_handlers=handlers, lifespan=self._lifespan)
        self.app = Guard(app if token is None else TokenGate(app, token), names, proxies, frames)

    async def about(self, request: Request) -> Response:
        """What the page should know before anything is asked."""
        archive = self.archive
        facts = {
            "model": self.spotter.model.name,
            "calibrated": self.spotter.background is not None,
            "keywords": self.keyword_files,
            "voice": has_voice(),
            "kept": None if self.kept is None else self.kept.about(),
            "index": None if archive is None else await self.work.piece(archive.about),
            "limits": {
                name: getattr(self.limits, name) for name in ("upload_bytes", "audio_seconds", "keywords", "characters")
            },
        }
        return JSONResponse(facts)

    async def keyword(self, request: Request) -> Response:
        """A keyword that is typed: its pronunciations and its threshold."""
        asked = await received_json(request)
        (text,) = self.enrolments.checked([_text(asked)])
        rate = asked.get("fa_per_hour")
        if isinstance(rate, bool) or not isinstance(rate, int | float):
            raise Refusal(400, "How many false alarms an hour?")
        return JSONResponse(await self.work.piece(lambda: self.enrolments.preview(text, rate)))

    async def keyword_file(self, request: Request) -> Response:
        """A keyword of ``kwskit adapt``, by its file: what it is called in later requests."""
        data = (await received(request, KEYWORD_FILE_BYTES, JSON_SECONDS)).getvalue()
        return JSONResponse({"text": await self.work.piece(lambda: self.enrolments.take_upload(data))})

    async def keyword_heard(self, request: Request) -> Response:
        """How a keyword that is typed is said in a recording of it."""
        (text,) = self.enrolments.checked([request.query_params.get("text", "")])
        if FILE_KEY.fullmatch(text):
            raise Refusal(400, "An adapted keyword is said as it was adapted.")

        def read(upload: Upload) -> dict[str, Any]:
            upload.check(self.limits)
            return said_once(self.spotter, text, upload)

        return JSONResponse(await self._of_upload(request, read))

    async def keyword_aloud(self, request: Request) -> Response:
        """A reading to be heard."""
        phonemes = request.query_params.get("phonemes", "")
        if not 0 < len(phonemes) <= PHONEMES:
            raise Refusal(400, f"A reading has phonemes, in {PHONEMES} characters at most.")
        return Response(await self.work.piece(lambda: read_aloud(phonemes)), media_type="audio/wav")

    async def wav(self, request: Request) -> Response:
        """A recording that the visitor's browser cannot play, as one that it can."""

        def decode(upload: Upload) -> bytes:
            upload.check(self.limits)
            return wav(np.concatenate(list(upload.blocks())))

        return Response(await self._of_upload(request, decode), media_type="audio/wav")

    async def search(self, request: Request) -> Response:
        """Places in the index where something is said that is typed."""
        archive = self._archive()
        (text,) = self.enrolments.checked([_text(await received_json(request))])
        with self.work.place():
            async with self.work.turn():
                return JSONResponse({"results": await self.work.piece(lambda: archive.search(text))})

    async def search_example(self, request: Request) -> Response:
        """The same for something that is said in a recording."""
        return JSONResponse({"results": await self._of_upload(request, self._archive().search_example)})

    async def snippet(self, request: Request) -> Response:
        """A found place to be heard."""
        archive = self._archive()
        try:
            start, stop = (float(request.query_params.get(name, "")) for name in ("start", "stop"))
        except ValueError as error:
            raise Refusal(400, "A snippet has a start and a stop.") from error
        number = request.path_params["number"]
        if not re.fullmatch("[0-9]{1,9}", number):
            raise Refusal(404, "A recording that has been found has a number.")
        sound = await self.work.piece(lambda: archive.snippet(int(number), start, stop))
        return Response(sound, media_type="audio/wav")

    def _archive(self) -> Archive:
        if self.archive is None:
            raise Refusal(404, "There is no index to search: kwskit serve --index DIR.")
        return self.archive

    async def _of_upload(self, request: Request, work: Callable[[Upload], T]) -> T:
        with self.work.place():
            upload = await received(request, self.limits.upload_bytes, self.limits.upload_seconds)
            async with self.work.turn():
                return await self.work.piece(lambda: work(upload))

    @asynccontextmanager
    async def _lifespan(self, app: Starlette) -> AsyncIterator[None]:
        yield
        self.work.close()


def _text(asked: dict[str, Any]) -> str:
    text = asked.get("text")
    if not isinstance(text, str) or re.search("[\ud800-\udfff]", text):  # half a character, which JSON can have
        raise Refusal(400, "Type a word or a phrase.")
    return text


async def _refused(request: Request, refusal: Refusal) -> Response:
    return JSONResponse({"error": str(refusal)}, refusal.status)


async def _not_found(request: Request, error: HTTPException) -> Response:
    return JSONResponse({"error": f"{error.detail}."}, error.status_code, error.headers)


async def _gone(request: Request, error: Exception) -> Response:
    return Response(status_code=400)  # which nobody reads


async def _broken(request: Request, error: Exception) -> Response:
    return JSONResponse({"error": "Something went wrong; the server's terminal says what."}, 500)
