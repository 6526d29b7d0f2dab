"""Whisper (Radford et al. 2022) as a recogniser, by the package faster-whisper."""

import math
from collections.abc import Callable
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from kwskit.errors import CorpusError

FULL_SCALE = 32768.0  # of int16


class WhisperModel:
    """Text of recordings by one of Whisper's models, on eight-bit weights where it runs on a CPU.

    Parameters
    ----------
    model : name, such as ``base.en``, which is downloaded at its first use, or the directory of a model in the form of
        CTranslate2 (``model.bin``, ``config.json``, ``tokenizer.json``, ``vocabulary.json``), which needs no network
    language : code of the language that is spoken
    device : ``cpu``, ``cuda`` or ``auto``

    Raises
    ------
    CorpusError
        When the package is not installed, or the model cannot be loaded.
    """

    def __init__(self, model: str, language: str = "en", device: str = "auto"):
        try:
            import faster_whisper
        except ImportError as error:
            raise CorpusError(f"this recogniser needs pip install 'kwskit[asr]' ({error})") from error
        try:
            self._model = faster_whisper.WhisperModel(model, device=device, compute_type="auto")
        except (OSError, RuntimeError, ValueError) as error:
            message = f"--model {model}: neither a directory of a model nor one to be downloaded: {error}"
            raise CorpusError(message) from error
        self._language = language
        self._made_with = (model, language, device)

    def __reduce__(self) -> tuple[Callable[..., "WhisperModel"], tuple[str, str, str]]:
        """What has weights is not pickled: another process loads them, once."""
        return _loaded, self._made_with

    def transcribe(self, samples: NDArray[np.int16]) -> tuple[str, float]:
        """The text of (samples,) at 16 kHz, and the geometric mean of its tokens' probabilities; nothing said is 0."""
        wav = samples.astype(np.float32) / FULL_SCALE
        # What was heard before is no context: it makes one slip many.
        found, _ = self._model.transcribe(
            wav, language=self._language, beam_size=5, condition_on_previous_text=False, without_timestamps=True
        )
        segments = list(found)
        tokens = sum(len(segment.tokens) for segment in segments)
        if not tokens:
            return "", 0.0
        mean = sum(segment.avg_logprob * len(segment.tokens) for segment in segments) / tokens
        return " ".join(segment.text.strip() for segment in segments), math.exp(min(mean, 0.0))


@lru_cache(1)
def _loaded(model: str, language: str, device: str) -> WhisperModel:
    return WhisperModel(model, language, device)
