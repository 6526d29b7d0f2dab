"""hibari: one natural American voice, a small ONNX network."""

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from kwskit.registry import register
from kwskit.synthesis.voices.inner_output import session_with
from kwskit.synthesis.voices.timed_speech import TimedSpeech, UntimedSpeech
from kwskit.synthesis.voices.token_times import spans_of_tokens
from kwskit.synthesis.voices.voice import MARKS, Voice

# Of the network's graph: frames of each input id, already rounded and with the rate in.
_DURATIONS = "/Clip_output_0"


@register("voice", "hibari")
class Hibari(Voice):
    """hibari-tts: one natural voice (American English, female; Apache-2.0), 24 kHz, about 120 words a second and core.

    Only the voice inside the package is offered; the package's other voices are downloads.
    """

    package = "hibari"
    extra = "voices"
    stateful = False
    timed = True

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

    def speak_words(
        self,
        words: Sequence[str],
        speaker: str,
        rate: float = 1.0,
        pitch: float = 1.0,
        seed: int = 0,
        said: Sequence[Sequence[str]] | None = None,
    ) -> TimedSpeech:
        """See :meth:`Voice.speak_words`; times are the network's own durations, in frames of 12.5 ms."""
        self.check_words(words)
        self.check_speaker(speaker)
        vocabulary, ids = self._tts.vocab, [0]
        places: list[tuple[int, int]] = []
        for word, phonemes in zip(words, self._phonemes(words), strict=True):
            sounds = phonemes.rstrip(MARKS)
            own = [vocabulary[sound] for sound in sounds if sound in vocabulary]
            if not own:
                raise UntimedSpeech(f"hibari has no sounds for '{word}' of {' '.join(words)!r}")
            ids += [vocabulary[" "]] * bool(places)
            places.append((len(ids), len(ids) + len(own)))
            ids += own + [vocabulary[mark] for mark in phonemes[len(sounds) :]]
        outputs = self._timed.run(
            None, {"ids": np.asarray([[*ids, 0]], np.int64), "speed": np.asarray([rate], np.float32)}
        )
        durations = outputs.pop().reshape(-1)
        *spectra, f0 = (output[0] for output in outputs)
        samples = self._vocode(*spectra, f0 * np.float32(pitch), np.random.default_rng(seed))
        ends = np.concatenate([[0.0], np.cumsum(durations, dtype=np.float64)]) / durations.sum()
        seconds = ends * len(samples) / self._tts.sample_rate
        return TimedSpeech(samples, self._tts.sample_rate, spans_of_tokens(seconds, places))

    def _phonemes(self, words: Sequence[str]) -> list[str]:
        """Phonemes of each word with its marks, read as a sentence ("to" is weak there), else word by word."""
        together = [group for text in self._tts.phonemize(" ".join(words)) for group in text.split()]
        if len(together) == len(words):
            return together
        return [" ".join(self._tts.phonemize(word)) for word in words]

    @cached_property
    def _timed(self) -> Any:
        """A session of the network that gives the durations behind its other outputs."""
        return session_with(Path(self._tts.model_path).read_bytes(), _DURATIONS, "hibari", self.extra)
