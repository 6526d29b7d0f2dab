"""A microphone that is listened to."""

import asyncio
from contextlib import suppress

import anyio
import numpy as np
from starlette.websockets import WebSocket, WebSocketDisconnect

from kwskit.constants import SAMPLE_RATE
from kwskit.serve.enrolments import Enrolments
from kwskit.serve.heavy_work import HeavyWork
from kwskit.serve.limits import Limits
from kwskit.serve.listening import Listening, listening
from kwskit.serve.refusal import Refusal
from kwskit.spotting.kept.kept_folder import KeptFolder

END = "end"
REFUSED = 1008  # a websocket's code for what is against the rules


class MicrophoneSocket:
    """A websocket that takes 16 kHz int16 little-endian samples, in messages of any size, until one says ``end``.

    It answers each with one of :class:`Listening`, and what it refuses with an ``error``, after which it closes.

    Parameters
    ----------
    enrolments : the keywords, named by parameters ``keyword`` of the address
    work : does it
    limits : on microphones
    keep : where hits are kept, at the thresholds of parameters ``threshold``; nowhere without
    """

    def __init__(self, enrolments: Enrolments, work: HeavyWork, limits: Limits, keep: KeptFolder | None = None):
        self.enrolments, self.work, self.limits, self.keep = enrolments, work, limits, keep
        self._open = 0

    async def __call__(self, websocket: WebSocket) -> None:
        await websocket.accept()
        self._open += 1
        try:
            await self._listen(websocket)
            await websocket.close()
        except Refusal as refusal:
            with suppress(WebSocketDisconnect):
                await websocket.send_json({"error": str(refusal)})
                await websocket.close(REFUSED)
        except WebSocketDisconnect:
            return
        finally:
            self._open -= 1

    async def _listen(self, websocket: WebSocket) -> None:
        if self._open > self.limits.microphones:
            raise Refusal(503, "Other microphones are being listened to. Try again when they are done.")
        texts = self.enrolments.checked(websocket.query_params.getlist("keyword"))
        thresholds = websocket.query_params.getlist("threshold")
        heard = await self.work.piece(lambda: listening(self.enrolments, texts, thresholds, self.keep, "page"))
        try:
            await self._answer(websocket, heard)
        finally:
            with anyio.CancelScope(shield=True):
                await self.work.piece(heard.end)

    async def _answer(self, websocket: WebSocket, heard: Listening) -> None:
        seconds = 0.0
        while seconds < self.limits.microphone_seconds:
            message = await self._message(websocket)
            if message == END:
                await websocket.send_json(await self.work.piece(heard.finish))
                return
            if isinstance(message, str) or len(message) % 2 or len(message) > self.limits.message_bytes:
                raise Refusal(400, "A microphone sends 16-bit samples, and not too many at once.")
            pcm = np.frombuffer(message, "<i2").astype(np.int16)
            seconds += len(pcm) / SAMPLE_RATE
            await websocket.send_json(await self.work.piece(lambda pcm=pcm: heard.push(pcm)))  # type: ignore[misc]
        raise Refusal(413, f"{self.limits.microphone_seconds / 60:g} minutes are the most. Press Speak to go on.")

    async def _message(self, websocket: WebSocket) -> bytes | str:
        try:
            message = await asyncio.wait_for(websocket.receive(), self.limits.idle_seconds)
        except asyncio.TimeoutError as error:
            raise Refusal(408, "Nothing has come from the microphone for a while.") from error
        if message["type"] == "websocket.disconnect":
            raise WebSocketDisconnect
        return message.get("bytes") or message.get("text") or b""
