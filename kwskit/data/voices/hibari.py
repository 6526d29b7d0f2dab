"""hibari: one natural American voice, a small ONNX network."""

import numpy as np

from kwskit.data.voices.voice import Voice
from kwskit.registry import register


@register("voice", "hibari")
class Hibari(Voice):
    """hibari-tts: one natural voice (American English, female; Apache-2.0), 24 kHz, about 120 words a second and core.

    Only the voice inside the package is offered; the package's other voices are downloads.
    """

    package = "hibari"
    extra = "voices"
    stateful = False

    def __init__(self) -> None:
        module = self.module()
        self._tts = module.Hibari(voice="heart", threads=1)
        self._vocode = module.dsp.synth

    def speakers(self) -> list[str]:
        return ["heart"]

    def synthesise(
        self, text: str, speaker: str, rate: float = 1.0, pitch: float = 1.0, seed: int = 0
    ) -> tuple[np.ndarray, int]:
        self.check_speaker(speaker)
        noise = np.random.default_rng(seed)
        parts = [np.zeros(0, np.float32)]
        for phonemes in self._tts.phonemize(text):
            ids = np.asarray([self._tts.ids(phonemes)], np.int64)
            outputs = self._tts.sess.run(None, {"ids": ids, "speed": np.asarray([rate], np.float32)})
            *spectra, f0 = (output[0] for output in outputs)
            # The vocoder draws its pulses from f0 alone: scaling it moves the pitch and leaves the formants.
            parts.append(self._vocode(*spectra, f0 * np.float32(pitch), noise))
        return np.concatenate(parts), self._tts.sample_rate
