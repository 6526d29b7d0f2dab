"""What a phrase is set off by at the threshold that it sets itself: itself, one word changed, a part of it alone."""

from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np

from kwskit import Spotter
from kwskit.data.audio import read_blocks
from kwskit.text.g2p import G2P
from people.changed_words import changed_phrases
from people.clip import Clip, some
from people.resampling import Resampling
from people.spoken_words import SpokenWord, phrase_clips, vocabulary_of

LENGTHS = (2, 3)  # words of what is said; keywords have up to one more
PHRASES = 60  # of a length
FA_PER_HOUR = 0.5
AROUND = 0.3  # s about a phrase in which a hit is of it
HEARD = ("itself", "word_changed", "beginning", "end")


class NearPhraseTest:
    """Phrases that people say in sentences, with four keywords each.

    ``itself``; what differs from it in one word, which sounds nearly alike; and a keyword of which it is the beginning,
    or the end, alone: with another word after it, or before it.

    Parameters
    ----------
    clips : phrases within utterances
    words : that phrases are changed and lengthened with
    resamples, seed : of the intervals, whose draws are of speakers; ``seed`` also of the words
    """

    def __init__(self, clips: Sequence[Clip], words: Sequence[str], resamples: int, seed: int):
        self._clips = clips
        said, rng = [clip.text for clip in clips], np.random.default_rng(seed)
        others = [words[k] for k in rng.integers(len(words), size=2 * len(said))]
        after, before = others[::2], others[1::2]
        self.keywords = {
            "itself": said,
            "word_changed": changed_phrases(said, words, G2P(), seed),
            "beginning": [f"{text} {word}" for text, word in zip(said, after, strict=True)],
            "end": [f"{word} {text}" for text, word in zip(said, before, strict=True)],
        }
        self._draws = Resampling([clip.speaker for clip in clips], resamples, seed)

    def measure(self, directory: str) -> dict[str, Any]:
        """Shares of the phrases that set each kind of keyword off."""
        spotter = Spotter.load(directory)
        heard = np.array([self._heard(spotter, row) for row in range(len(self._clips))])
        shares = {kind: self._draws.mean(column) for kind, column in zip(HEARD, heard.T, strict=True)}
        return {"phrases": len(self._clips), "heard": shares}

    def _heard(self, spotter: Spotter, row: int) -> list[bool]:
        """Whether each kind of keyword has a hit where the phrase of ``row`` is said."""
        clip = self._clips[row]
        texts = [self.keywords[kind][row] for kind in HEARD]
        for text in texts:
            spotter.enrol(text, fa_per_hour=FA_PER_HOUR)
        stream, hits = spotter.listen(), []
        for block in read_blocks(clip.path):
            hits += stream.push(block)
        hits += stream.finish()
        for text in texts:
            spotter.forget(text)
        near = [hit for hit in hits if hit.end > clip.start - AROUND and hit.start < clip.stop + AROUND]
        return [any(hit.keyword == text for hit in near) for text in texts]


def near_phrase_test(
    speech: Path, words: Sequence[SpokenWord], most: int | None, resamples: int, seed: int
) -> NearPhraseTest:
    """That of a half's ``words``; one phrase of a length an utterance, so that nobody says most of them."""
    clips: list[Clip] = []
    for length in LENGTHS:
        found = groupby(phrase_clips(speech, words, length), key=lambda clip: clip.path)
        clips += some([next(own) for _, own in found], min(PHRASES, most or PHRASES))
    return NearPhraseTest(clips, vocabulary_of(words), resamples, seed)
