"""When each word of a transcript is said, by PocketSphinx's forced alignment."""

from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from kwskit.data.audio import AudioError, read_segments
from kwskit.text.g2p import G2P
from kwskit.text.normalise import normalise
from kwskit.text.unpronounceable import UnpronounceableText
from people.spoken_words import AUDIO, FOLDER, SpokenWord

FRAMES = 100  # a second


class Times(NamedTuple):
    """When something is said, in seconds."""

    start: float
    stop: float


class ForcedAlignment:
    """Phones of the words placed in the sound by an HMM of context-dependent phones, in steps of 10 ms.

    The acoustic model and the dictionary are those of the package pocketsphinx; what the dictionary lacks is
    pronounced as the toolkit pronounces it. None of the models that are measured takes part.
    """

    def __init__(self) -> None:
        from pocketsphinx import Decoder

        self._decoder = Decoder(lm=None, loglevel="FATAL")
        self._g2p = G2P()

    def align(self, pcm: NDArray[np.int16], words: Sequence[str]) -> list[Times] | None:
        """Times of ``words`` (may be several tokens each) in ``pcm`` (samples,) at 16 kHz; None where they do not fit.

        A word without a letter or a digit has the times of an empty stretch where it stands.
        """
        tokens = [_tokens(word) for word in words]
        flat = [token for every in tokens for token in every]
        for token in flat:
            if self._decoder.lookup_word(token) is None:
                said = self._g2p.pronunciations(token)[0]
                self._decoder.add_word(token, " ".join(phoneme.rstrip("012") for phoneme in said), True)
        if not flat:
            return None
        self._decoder.set_align_text(" ".join(flat))
        self._decoder.start_utt()
        self._decoder.process_raw(pcm.tobytes(), full_utt=True)
        self._decoder.end_utt()
        # Sounds that are no words are in <> or []; a word's other pronunciations have a number in ().
        found = [] if self._decoder.hyp() is None else [one for one in self._decoder.seg() if one.word[0] not in "<["]
        if [one.word.partition("(")[0] for one in found] != flat:
            return None
        return _grouped(found, [len(every) for every in tokens])


def with_aligned_times(speech: Path, words: Sequence[SpokenWord]) -> list[SpokenWord]:
    """The words with aligned times; those whose two times hardly overlap, by half of the shorter, are no longer sure.

    An ASR's text may lack what was said, and then the alignment strays. Where an utterance cannot be aligned at all
    its words keep their times and are not sure.
    """
    alignment, found = ForcedAlignment(), []
    for file, grouped in groupby(words, key=lambda word: word.file):
        own, path = list(grouped), speech / FOLDER / AUDIO / file
        (pcm,), _ = read_segments(path, [0.0], [float("inf")])
        if isinstance(pcm, AudioError):
            raise pcm
        times = alignment.align(pcm, [word.text for word in own])
        for word, aligned in zip(own, times or [None] * len(own), strict=True):
            moved = word if aligned is None else word._replace(start=aligned.start, stop=aligned.stop)
            sure = aligned is not None and _agree(word, aligned)
            found.append(moved if sure else moved._replace(probability=0.0))
    return found


def _agree(word: SpokenWord, aligned: Times) -> bool:
    both = min(word.stop, aligned.stop) - max(word.start, aligned.start)
    return 2 * both > min(word.stop - word.start, aligned.stop - aligned.start)


def _tokens(word: str) -> list[str]:
    try:
        return normalise(word)
    except UnpronounceableText:
        return []


def _grouped(found: Sequence[Any], counts: Sequence[int]) -> list[Times]:
    times, at, last = [], 0, 0.0
    for count in counts:
        if count:
            last = (found[at + count - 1].end_frame + 1) / FRAMES
        times.append(Times(found[at].start_frame / FRAMES if count else last, last))
        at += count
    return times
