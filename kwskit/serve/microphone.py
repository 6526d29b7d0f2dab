"""A microphone that is listened to."""

import asyncio
from contextlib import suppress

import numpy as np
from starlette.websockets import WebSocket, WebSocketDisconnect

from kwskit.constants import SAMPLE_RATE
from kwskit.serve.enrolments import Enrolments
from kwskit.serve.heavy_work import HeavyWork
from kwskit.serve.limits import Limits
from kwskit.serve.listening import Listening
from kwskit.serve.refusal import Refusal

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
    """

    def __init__(self, enrolments: Enrolments, work: HeavyWork, limits: Limits):
        self.enrolments, self.work, self.limits = enrolments, work, limits
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
        listening = await self.work.piece(lambda: Listening(self.enrolments.stream(texts)))
        seconds = 0.0
        while seconds < self.limits.microphone_seconds:
            message = await self._message(websocket)
            if message == END:
                await websocket.send_json(await self.work.piece(listening.finish))
                return
            if isinstance(message, str) or len(message) % 2 or len(message) > self.limits.message_bytes:
                raise Refusal(400, "A microphone sends 16-bit samples, and not too many at once.")
            pcm = np.frombuffer(message, "<i2").astype(np.int16)
            seconds += len(pcm) / SAMPLE_RATE
            await websocket.send_json(await self.work.piece(lambda pcm=pcm: listening.push(pcm)))  # type: ignore[misc]
        raise Refusal(413, f"{self.limits.microphone_seconds / 60:g} minutes are the most. Press Speak to go on.")

    async def _message(self, websocket: WebSocket) -> bytes | str:
        try:
            message = await asyncio.wait_for(websocket.receive(), self.limits.idle_seconds)
        except asyncio.TimeoutError as error:
            raise Refusal(408, "Nothing has come from the microphone for a while.") from error
        if message["type"] == "websocket.disconnect":
            raise WebSocketDisconnect
        return message.get("bytes") or message.get("text") or b""
