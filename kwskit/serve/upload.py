"""What somebody sends."""

import asyncio
import io
import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import soundfile
from numpy.typing import NDArray
from starlette.requests import Request

from kwskit.constants import SAMPLE_RATE
from kwskit.data.audio import AudioError, probe, read_blocks
from kwskit.serve.limits import Limits
from kwskit.serve.refusal import Refusal

BLOCK_SECONDS = 4.0
JSON_BYTES, JSON_SECONDS = 10_000, 10


class Upload(io.BytesIO):
    """A recording in memory: nothing of it, nor its name, touches the disk."""

    def __str__(self) -> str:
        return "This recording"

    def check(self, limits: Limits) -> float:
        """Seconds of sound.

        Raises
        ------
        Refusal
            When there is none, or too much.
        """
        if not self.getbuffer().nbytes:
            raise Refusal(400, "This recording is empty.")
        try:
            audio_format, seconds = probe(self)
        except AudioError as error:
            raise Refusal(415, _sentence(error)) from error
        if seconds > limits.audio_seconds:
            minutes = limits.audio_seconds / 60
            raise Refusal(413, f"This recording lasts {seconds / 60:.1f} minutes: {minutes:g} are the most.")
        if seconds * audio_format.rate * audio_format.channels > limits.most_values:
            shape = f"{audio_format.channels} channels at {audio_format.rate} Hz"
            raise Refusal(413, f"This recording has {shape}: too many for its length.")
        return seconds

    def blocks(self) -> Iterator[NDArray[np.int16]]:
        """The recording in blocks of 4 s, (samples,) int16 at 16 kHz.

        Raises
        ------
        Refusal
            Where it turns out not to be decodable.
        """
        try:
            yield from read_blocks(self, block=BLOCK_SECONDS)
        except AudioError as error:
            raise Refusal(415, _sentence(error)) from error


async def received(request: Request, most: int, seconds: float) -> Upload:
    """The body of ``request``.

    Parameters
    ----------
    request : a POST
    most : bytes of it
    seconds : in which it must have arrived

    Raises
    ------
    Refusal
        When it is too large or too slow.
    """
    too_large = Refusal(413, f"This is too large: {most / 1e6:g} MB are the most.")
    if int(request.headers.get("content-length", 0)) > most:
        raise too_large
    upload = Upload()

    async def receive() -> None:
        async for part in request.stream():
            upload.write(part)
            if upload.tell() > most:
                raise too_large

    try:
        await asyncio.wait_for(receive(), seconds)
    except asyncio.TimeoutError as error:
        raise Refusal(408, f"This did not arrive within {seconds:g} s.") from error
    return upload


async def received_json(request: Request) -> dict[str, Any]:
    """The object that is the body of ``request``; :class:`Refusal` for anything else."""
    try:
        asked = json.loads((await received(request, JSON_BYTES, JSON_SECONDS)).getvalue())
    except (ValueError, RecursionError) as error:
        raise Refusal(400, "This is no JSON.") from error
    if not isinstance(asked, dict):
        raise Refusal(400, "This is no JSON object.")
    return asked


def wav(pcm: NDArray[np.int16]) -> bytes:
    """``pcm`` (samples,), int16 at 16 kHz, as a WAV file."""
    file = io.BytesIO()
    soundfile.write(file, pcm, SAMPLE_RATE, format="WAV", subtype="PCM_16")
    return file.getvalue()


def _sentence(error: AudioError) -> str:
    message = str(error).replace("This recording: ", "This recording cannot be used: ", 1)
    return message if message.endswith(".") else f"{message}."
