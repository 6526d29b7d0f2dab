"""A recording that is listened to while its visitor looks on."""

import json
from collections.abc import AsyncIterator, Sequence
from typing import Any

import anyio
from starlette.requests import ClientDisconnect, Request
from starlette.types import Receive, Scope, Send

from kwskit.serve.enrolments import Enrolments
from kwskit.serve.heavy_work import HeavyWork
from kwskit.serve.limits import Limits
from kwskit.serve.listening import Listening, listening
from kwskit.serve.refusal import Refusal
from kwskit.serve.upload import Upload, received
from kwskit.spotting.kept.kept_folder import KeptFolder


class FileSpotting:
    """``POST`` of a recording: answers with a line of JSON for each few seconds of it, as soon as they are heard.

    The first line has its length in ``total`` seconds; those after it are of :class:`Listening`, or an ``error`` where
    it turns out that a recording cannot be decoded to its end, or takes too long. It stops where nobody reads on, and
    takes turns: a visitor who reads slowly, or has much to be heard, keeps nobody else's recording waiting.

    Parameters
    ----------
    enrolments : the keywords, named by parameters ``keyword`` of the address
    work : does it
    limits : on recordings
    keep : where hits are kept, at the thresholds of parameters ``threshold``; nowhere without
    """

    def __init__(self, enrolments: Enrolments, work: HeavyWork, limits: Limits, keep: KeptFolder | None = None):
        self.enrolments, self.work, self.limits, self.keep = enrolments, work, limits, keep

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        texts = self.enrolments.checked(request.query_params.getlist("keyword"))
        try:
            with self.work.place():
                upload = await received(request, self.limits.upload_bytes, self.limits.upload_seconds)
                await self._answer(request, upload, texts, send)
        except ClientDisconnect:
            return

    async def _answer(self, request: Request, upload: Upload, texts: Sequence[str], send: Send) -> None:
        thresholds = request.query_params.getlist("threshold")
        async with self.work.turn():
            seconds = await self.work.piece(lambda: upload.check(self.limits))
            heard = await self.work.piece(lambda: listening(self.enrolments, texts, thresholds, self.keep, "page"))
        try:
            await self._tell(request, upload, seconds, heard, send)
        finally:
            with anyio.CancelScope(shield=True):
                await self.work.piece(heard.end)

    async def _tell(self, request: Request, upload: Upload, seconds: float, heard: Listening, send: Send) -> None:
        headers = [(b"content-type", b"application/x-ndjson")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await _send(send, {"total": seconds})
        try:
            async for message in self._messages(upload, heard):
                await _send(send, message)
                if await request.is_disconnected():
                    return
        except Refusal as refusal:
            await _send(send, {"error": str(refusal)})
        await send({"type": "http.response.body", "body": b""})

    async def _messages(self, upload: Upload, listened: Listening) -> AsyncIterator[dict[str, Any]]:
        blocks = upload.blocks()

        def heard() -> tuple[dict[str, Any], bool]:
            block = next(blocks, None)
            return (listened.finish(), True) if block is None else (listened.push(block), False)

        spent, ended = 0.0, False
        while not ended:
            if spent > self.limits.work_seconds:
                most = self.limits.work_seconds
                raise Refusal(413, f"This recording took longer than {most:g} s, so the rest was left out.")
            async with self.work.turn():
                begin = anyio.current_time()
                message, ended = await self.work.piece(heard)
                spent += anyio.current_time() - begin
            yield message


async def _send(send: Send, message: dict[str, Any]) -> None:
    body = json.dumps(message).encode() + b"\n"
    await send({"type": "http.response.body", "body": body, "more_body": True})
