"""Pico: two natural-sounding small voices, American and British."""

import ctypes

import numpy as np

from kwskit.constants import SAMPLE_RATE
from kwskit.registry import register
from kwskit.synthesis.voices.voice import Voice

_M_PERTURB = -6  # glibc, malloc.h: fill what malloc gives with the complement of this byte; 0 = leave it


@register("voice", "pico")
class Pico(Voice):
    """SVOX Pico through py-nanotts (Apache-2.0): en-US and en-GB, 16 kHz, about 240 words a second and core."""

    package = "py_nanotts"
    extra = "voices"
    stateful = False

    def __init__(self) -> None:
        self._tts = self.module().NanoTTS()
        self._mallopt = getattr(ctypes.pythonapi, "mallopt", None)

    def speakers(self) -> list[str]:
        return ["en-US", "en-GB"]

    def synthesise(
        self, text: str, speaker: str, rate: float = 1.0, pitch: float = 1.0, seed: int = 0
    ) -> tuple[np.ndarray, int]:
        self.check_speaker(speaker)
        # Pico reads memory that it has not written, so its noise would depend on what lay there before. glibc can be
        # asked for zeros; musl gives blocks of this size (2.5 MB) zeroed anyway.
        if self._mallopt is not None:
            self._mallopt(_M_PERTURB, 0xFF)
        try:
            pcm = self._tts.speak(text, voice=speaker, speed=rate, pitch=pitch)
        finally:
            if self._mallopt is not None:
                self._mallopt(_M_PERTURB, 0)
        return np.frombuffer(pcm, "<i2").astype(np.float32) / 32768.0, SAMPLE_RATE
