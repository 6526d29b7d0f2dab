"""PocketSphinx's acoustic model as a word aligner."""

import math
import os
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from kwskit.corpora.alignments.forced_alignment import UtteranceAligner
from kwskit.errors import CorpusError, UnpronounceableText
from kwskit.registry import register
from kwskit.text.g2p import G2P
from kwskit.text.normalise import normalise

FRAMES = 100  # a second
LEAST = math.ulp(0.0)  # what the likelihood of a long word that does not fit is rounded up to


@register("word_aligner", "pocketsphinx")
class PocketSphinxAligner(UtteranceAligner):
    """English words placed in their sound by an HMM of context-dependent phones, in steps of 10 ms.

    The acoustic model and the dictionary are those of the package pocketsphinx; what the dictionary lacks is
    pronounced as the toolkit pronounces it.

    Parameters
    ----------
    jobs : processes; None is one a core

    Raises
    ------
    CorpusError
        When the package is not installed.
    """

    name = "pocketsphinx"

    def __init__(self, jobs: int | None = None) -> None:
        try:
            from pocketsphinx import Decoder
        except ImportError as error:
            raise CorpusError(f"this aligner needs pip install 'kwskit[align]' ({error})") from error
        self._decoder = Decoder(lm=None, loglevel="FATAL")
        self._g2p = G2P()
        self.jobs = jobs or os.cpu_count() or 1

    def __reduce__(self) -> tuple[type["PocketSphinxAligner"], tuple[int]]:
        """A decoder cannot be pickled: another process makes its own."""
        return type(self), (1,)

    def spells(self, words: Sequence[str]) -> bool:
        """Whether all words can be pronounced, and there is one."""
        return bool(words) and all(map(_tokens, words))

    def place(self, samples: NDArray[np.int16], words: Sequence[str]) -> list[tuple[float, float, float | None]] | None:
        """Start and stop in seconds and score of each word in (samples,) at 16 kHz; None where they do not fit.

        A word may be several tokens, as numbers are. Its score is the geometric mean over its frames of its states'
        likelihood by that of the frame's likeliest state (of those in the search), in 0 to 1.
        """
        tokens = [_tokens(word) for word in words]
        flat = [token for every in tokens for token in every]
        for token in flat:
            if self._decoder.lookup_word(token) is None:
                said = self._g2p.pronunciations(token)[0]
                self._decoder.add_word(token, " ".join(phoneme.rstrip("012") for phoneme in said), True)
        self._decoder.set_align_text(" ".join(flat))
        self._decoder.start_utt()
        self._decoder.process_raw(samples.tobytes(), full_utt=True)
        self._decoder.end_utt()
        # Sounds that are no words are in <> or []; a word's other pronunciations have a number in ().
        found = [] if self._decoder.hyp() is None else [one for one in self._decoder.seg() if one.word[0] not in "<["]
        if [one.word.partition("(")[0] for one in found] != flat:
            return None
        ends = np.cumsum([len(every) for every in tokens]).tolist()
        first = [0, *ends[:-1]]
        return [
            (found[a].start_frame / FRAMES, (found[b - 1].end_frame + 1) / FRAMES, _score(found[a:b]))
            for a, b in zip(first, ends, strict=True)
        ]


def _score(tokens: Sequence) -> float:
    """Geometric mean of the frames' likelihoods in ``tokens``, segments of the decoder."""
    frames = sum(one.end_frame - one.start_frame + 1 for one in tokens)
    return math.exp(sum(math.log(max(one.ascore, LEAST)) for one in tokens) / frames)


def _tokens(word: str) -> list[str]:
    try:
        return normalise(word)
    except UnpronounceableText:
        return []
