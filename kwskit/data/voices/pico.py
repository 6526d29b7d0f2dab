"""Pico: two natural-sounding small voices, American and British."""

import ctypes

import numpy as np

from kwskit.data.voices.voice import Voice
from kwskit.registry import register

_M_MMAP_THRESHOLD = -3  # glibc, malloc.h


@register("voice", "pico")
class Pico(Voice):
    """SVOX Pico through py-nanotts (Apache-2.0): en-US and en-GB, 16 kHz, about 240 words a second and core."""

    package = "py_nanotts"
    extra = "voices"

    def __init__(self) -> None:
        self._tts = self.module().NanoTTS()
        # Pico reads memory that it has not written. Large blocks that come fresh from the kernel are zero, so
        # its 2.5 MB working memory must never be a recycled block: glibc recycles once its threshold has moved.
        mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
        if mallopt is not None:
            mallopt(_M_MMAP_THRESHOLD, 1 << 20)

    def speakers(self) -> list[str]:
        return ["en-US", "en-GB"]

    def synthesise(
        self, text: str, speaker: str, rate: float = 1.0, pitch: float = 1.0, seed: int = 0
    ) -> tuple[np.ndarray, int]:
        self.check_speaker(speaker)
        pcm = self._tts.speak(text, voice=speaker, speed=rate, pitch=pitch)
        return np.frombuffer(pcm, "<i2").astype(np.float32) / 32768.0, 16000
