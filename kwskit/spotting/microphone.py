"""A microphone as blocks of samples."""

import logging
import queue
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kwskit.constants import SAMPLE_RATE

BLOCK = 0.08  # s
WAITING = 250  # blocks that may wait for a program that is late: 20 s

logger = logging.getLogger(__name__)


class MicrophoneError(RuntimeError):
    """A microphone that cannot be used; the message says what would help."""


class Microphone:
    """Blocks (samples,) int16 of the default microphone, endless: ``for block in Microphone(): ...``.

    Sound that a late program has no time for is lost, and the log says so.

    Attributes
    ----------
    rate : in Hz; 16 kHz where the device can, else its own

    Raises
    ------
    MicrophoneError
        When there is no microphone, or nothing to reach it with.
    """

    def __init__(self) -> None:
        try:
            import sounddevice
        except (ImportError, OSError) as error:
            raise MicrophoneError(
                f"the microphone needs sounddevice and PortAudio ({error}): pip install 'kwskit[mic]', and on Linux "
                "PortAudio (apt install libportaudio2); or pipe raw sound to kwskit spot -"
            ) from error
        self._sounddevice = sounddevice
        try:
            self.rate = self._possible_rate()
        except (sounddevice.PortAudioError, ValueError) as error:
            raise MicrophoneError(f"no microphone: {error}") from error
        self._blocks: queue.Queue[NDArray[np.int16]] = queue.Queue(WAITING)

    def __iter__(self) -> Iterator[NDArray[np.int16]]:
        size = round(BLOCK * self.rate)
        try:
            with self._sounddevice.InputStream(
                samplerate=self.rate, channels=1, dtype="int16", blocksize=size, callback=self._take
            ):
                while True:
                    yield self._blocks.get()
        except self._sounddevice.PortAudioError as error:
            raise MicrophoneError(f"the microphone failed: {error}") from error

    def _possible_rate(self) -> int:
        try:
            self._sounddevice.check_input_settings(channels=1, dtype="int16", samplerate=SAMPLE_RATE)
        except self._sounddevice.PortAudioError:
            return round(self._sounddevice.query_devices(kind="input")["default_samplerate"])
        return SAMPLE_RATE

    def _take(self, samples: NDArray[np.int16], _frames: int, _time: Any, status: Any) -> None:
        """Called by PortAudio, in a thread of its own."""
        lost = bool(status)
        try:
            self._blocks.put_nowait(samples[:, 0].copy())
        except queue.Full:
            lost = True
        if lost:
            logger.warning("sound of the microphone was lost: %s", status or "the program is too slow")
