"""A recording that somebody sends."""

import asyncio
import io
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from starlette.requests import Request

from kwskit.data.audio import AudioError, probe, read_blocks
from kwskit.serve.limits import Limits
from kwskit.serve.refusal import Refusal

BLOCK_SECONDS = 4.0


class Upload(io.BytesIO):
    """A recording in memory: nothing of it, nor its name, touches the disk."""

    seconds = 0.0

    def __str__(self) -> str:
        return "This recording"

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


async def received(request: Request, limits: Limits) -> Upload:
    """The body of ``request``, decodable as far as its header tells.

    Raises
    ------
    Refusal
        When it is too long in bytes or seconds, takes too long to arrive, or is no audio.
    """
    megabytes = limits.upload_bytes / 1e6
    too_large = Refusal(413, f"This recording is too large: {megabytes:g} MB is the most.")
    if int(request.headers.get("content-length", 0)) > limits.upload_bytes:
        raise too_large
    upload = Upload()

    async def receive() -> None:
        async for part in request.stream():
            upload.write(part)
            if upload.tell() > limits.upload_bytes:
                raise too_large

    try:
        await asyncio.wait_for(receive(), limits.upload_seconds)
    except asyncio.TimeoutError as error:
        raise Refusal(408, f"This recording did not arrive within {limits.upload_seconds:g} s.") from error
    if not upload.tell():
        raise Refusal(400, "This recording is empty.")
    try:
        audio_format, upload.seconds = probe(upload)
    except AudioError as error:
        raise Refusal(415, _sentence(error)) from error
    if upload.seconds > limits.audio_seconds:
        minutes = limits.audio_seconds / 60
        raise Refusal(413, f"This recording lasts {upload.seconds / 60:.1f} minutes: {minutes:g} is the most.")
    if upload.seconds * audio_format.rate * audio_format.channels > limits.most_values:
        raise Refusal(413, f"{audio_format.channels} channels at {audio_format.rate} Hz are too many for its length.")
    return upload


def wav(pcm: NDArray[np.int16]) -> bytes:
    """``pcm`` (samples,), int16 at 16 kHz, as a WAV file."""
    import soundfile

    file = io.BytesIO()
    soundfile.write(file, pcm, 16_000, format="WAV", subtype="PCM_16")
    return file.getvalue()


def _sentence(error: AudioError) -> str:
    told = str(error).replace("This recording: ", "This recording cannot be used: ", 1)
    return told if told.endswith(".") else f"{told}."
