"""Vosk's recogniser with a grammar of the keywords, with a model folder of its own."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import vosk
from numpy.typing import NDArray
from spotters.spotter_face import KeywordDetection

from peers.peer import PeerSettings, PeerUnavailable, folder_of

RATE = 16_000
UNKNOWN = "[unk]"


class VoskPeer:
    """Words of a result that make a keyword; its score is the least confidence of them.

    A result comes when the recogniser hears an utterance end, so that is when a keyword is told. Whatever is
    recognised is told; there is no threshold that a user would get.
    """

    detects = True

    def __init__(self, settings: PeerSettings, sweep: bool):
        del sweep
        folder = folder_of("Vosk", settings.vosk, "--vosk", "a small model of its page, vosk-model-small-en-us-0.15")
        vosk.SetLogLevel(-1)
        try:
            self._model = vosk.Model(str(folder))
        except Exception as error:  # the package raises no other
            raise PeerUnavailable(f"Vosk: --vosk {folder}: no model of Vosk's ({error})") from error

    def enrol(self, keywords: Sequence[str]) -> None:
        unknown = {word for text in keywords for word in text.split() if self._model.vosk_model_find_word(word) < 0}
        if unknown:
            raise PeerUnavailable(f"Vosk: the model has no {', '.join(sorted(unknown))}")
        self._keywords = list(keywords)
        self._begin()

    def push(self, block: NDArray[np.int16]) -> Sequence[KeywordDetection]:
        ended = self._recognizer.AcceptWaveform(block.tobytes())
        return keywords_of(json.loads(self._recognizer.Result()), self._keywords) if ended else []

    def finish(self) -> Sequence[KeywordDetection]:
        found = keywords_of(json.loads(self._recognizer.FinalResult()), self._keywords)
        self._begin()
        return found

    def _begin(self) -> None:
        grammar = json.dumps([*self._keywords, UNKNOWN])
        self._recognizer = vosk.KaldiRecognizer(self._model, RATE, grammar)
        self._recognizer.SetWords(True)


def keywords_of(result: Mapping[str, Any], keywords: Iterable[str]) -> list[KeywordDetection]:
    """Where the words of keywords follow each other in a result of the package."""
    said = result.get("result", [])
    found = []
    for keyword in keywords:
        words = keyword.split()
        for at in range(len(said) - len(words) + 1):
            own = said[at : at + len(words)]
            if [one["word"] for one in own] == words:
                found.append(
                    KeywordDetection(keyword, own[0]["start"], own[-1]["end"], min(one["conf"] for one in own))
                )
    return found
