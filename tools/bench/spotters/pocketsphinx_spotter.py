"""PocketSphinx's keyphrase search behind the benchmarks' face."""

import math
import tempfile
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray
from pocketsphinx import Decoder, get_model_path

from spotters.spotter_face import KeywordDetection

FRAMES = 100  # a second
LOG_BASE = 1.0001  # of its scores, which are shifted by ten bits
SHIFT = 1024
OFFSET = 1500  # less which it tells the score of a detection


class PocketSphinxSpotter:
    """The search for a list of keyphrases, with the package's English model and dictionary.

    Where a keyphrase ends is known ``kws_delay`` frames later, 100 ms by default. A score is log10 of the highest
    ``kws_threshold`` that still accepts the detection: it is computed from the probability of the segment, which is
    all that the package tells of it.

    Parameters
    ----------
    keywords : of words in its dictionary
    threshold : ``kws_threshold`` of all of them
    restart : begin a new utterance after each detection, as its own examples do; otherwise one of two detections of a
        keyphrase that overlap is told, the better one, when the stream ends

    Raises
    ------
    ValueError
        When a word is not in its dictionary.
    """

    def __init__(self, keywords: Sequence[str], threshold: float = 1e-20, restart: bool = True):
        unknown = not_in_dictionary(keywords)
        if unknown:
            raise ValueError(f"PocketSphinx's dictionary lacks words of {', '.join(unknown)}")
        self.restart = restart
        with tempfile.NamedTemporaryFile("w", suffix=".list") as listed:
            listed.writelines(f"{keyword.lower()} /{threshold:g}/\n" for keyword in keywords)
            listed.flush()
            self._decoder = Decoder(lm=None, kws=listed.name, loglevel="FATAL")
        self._names = {keyword.lower(): keyword for keyword in keywords}
        self._begun = False
        self._samples, self._offset = 0, 0.0

    def push(self, pcm: NDArray[np.int16]) -> Sequence[KeywordDetection]:
        self._begin()
        self._decoder.process_raw(pcm.tobytes(), False, False)
        self._samples += len(pcm)
        return self._end() if self.restart and self._decoder.hyp() is not None else []

    def finish(self) -> Sequence[KeywordDetection]:
        result = self._end() if self._begun else []
        self._samples, self._offset = 0, 0.0
        return result

    def whole(self, pcm: NDArray[np.int16]) -> Sequence[KeywordDetection]:
        self._begin()
        self._decoder.process_raw(pcm.tobytes(), False, False)
        return self.finish()

    def _begin(self) -> None:
        if not self._begun:
            self._decoder.start_utt()
            self._begun, self._offset = True, self._samples / 16_000

    def _end(self) -> list[KeywordDetection]:
        self._decoder.end_utt()
        self._begun = False
        return [
            KeywordDetection(
                self._names[part.word.strip()],
                self._offset + part.start_frame / FRAMES,
                self._offset + part.end_frame / FRAMES,
                threshold_of(part.prob),
            )
            for part in self._decoder.seg() or ()
        ]


def threshold_of(probability: float) -> float:
    """log10 of the ``kws_threshold`` that a detection with this probability of its segment just reaches."""
    return (round(math.log(probability, LOG_BASE)) + OFFSET) * SHIFT * math.log10(LOG_BASE)


def not_in_dictionary(keywords: Iterable[str]) -> list[str]:
    """Those with a word that PocketSphinx's English dictionary lacks."""
    with open(f"{get_model_path()}/en-us/cmudict-en-us.dict", encoding="utf-8") as dictionary:
        known = {line.split(maxsplit=1)[0] for line in dictionary if line.strip()}
    return [keyword for keyword in keywords if not all(word in known for word in keyword.lower().split())]
