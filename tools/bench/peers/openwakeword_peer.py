"""openWakeWord's front end and heads, as pyopen-wakeword packs them with TensorFlow Lite."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from pyopen_wakeword import Model, OpenWakeWord, OpenWakeWordFeatures
from spotters.spotter_face import KeywordDetection

from peers.peer import MOMENT, PeerSettings, PeerUnavailable, folder_of

RATE = 16_000
THRESHOLD, LEAST = 0.5, 0.01  # of a user, by its documents; of a sweep
QUIET = 1.0  # s in which a head tells one detection: the best one of a sweep, the first one of a user


class OpenWakeWordPeer:
    """Its front end, and a head for each keyword where ``--openwakeword`` has them.

    A head is trained for its one wake word, ``hey_jarvis.tflite``. Without a folder of heads it is measured for its
    cost alone, with a head of the package for each keyword, whatever that hears.
    """

    detects = False

    def __init__(self, settings: PeerSettings, sweep: bool):
        self._folder, self._sweep = settings.openwakeword, sweep
        if self._folder is not None:
            folder_of("openWakeWord", self._folder, "--openwakeword", "a head of each keyword, hey_jarvis.tflite")
            self.detects = True

    def enrol(self, keywords: Sequence[str]) -> None:
        self._features = OpenWakeWordFeatures.from_builtin()
        if self._folder is None:
            own = list(Model)
            self._heads = {
                word: OpenWakeWord.from_builtin(own[k % len(own)]) for k, word in enumerate(keywords[: len(own)])
            }
        else:
            files = {word: self._folder / f"{word.replace(' ', '_')}.tflite" for word in keywords}
            if missing := [file.name for file in files.values() if not file.is_file()]:
                raise PeerUnavailable(f"openWakeWord: --openwakeword {self._folder} lacks {', '.join(missing)}")
            self._heads = {word: OpenWakeWord.from_model(file) for word, file in files.items()}
        self._begin()

    def push(self, block: NDArray[np.int16]) -> Sequence[KeywordDetection]:
        self._seconds += len(block) / RATE
        found = []
        for embedding in self._features.process_streaming(block.tobytes()):
            for word, head in self._heads.items():
                for score in head.process_streaming(embedding):
                    found += self._told(word, float(score))
        return found if self.detects else []

    def finish(self) -> Sequence[KeywordDetection]:
        rest = [one for one in self._best.values() if one and self._sweep]
        self._features.reset()
        for head in self._heads.values():
            head.reset()
        self._begin()
        return rest if self.detects else []

    def _begin(self) -> None:
        self._seconds = 0.0
        self._best: dict[str, KeywordDetection | None] = dict.fromkeys(self._heads)

    def _told(self, word: str, score: float) -> list[KeywordDetection]:
        best, now = self._best[word], KeywordDetection(word, self._seconds - MOMENT, self._seconds, score)
        over = best is not None and now.stop - best.stop >= QUIET
        if score < (LEAST if self._sweep else THRESHOLD):
            if over:
                self._best[word] = None
            return [best] if best and over and self._sweep else []
        if best is None or over:
            self._best[word] = now
            if self._sweep:
                return [best] if best else []
            return [now]
        if self._sweep and score > best.score:
            self._best[word] = now
        return []
