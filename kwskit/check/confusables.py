"""Words and phrases that a model may take for a keyword."""

import logging
from collections.abc import Sequence
from contextlib import contextmanager
from itertools import product

import numpy as np
from numpy.typing import NDArray

from kwskit.check.keyword_check import Confusable
from kwskit.check.phrase_candidates import phrase_candidates
from kwskit.check.predicted_embeddings import PredictedEmbeddings
from kwskit.check.typed_phonemes import TypedPhonemes
from kwskit.spotting.keyword import Keyword
from kwskit.spotting.keyword_queries import KeywordQueries
from kwskit.spotting.spotter import Spotter
from kwskit.text.normal_form import normal_form
from kwskit.text.phoneme_distance import edit_distances
from kwskit.text.pronunciation import WORD_BOUNDARY, Pronunciation
from kwskit.text.word_sounds import WordSounds, phonemes_of, sound_of, word_sounds

NEAR = 200  # words with the fewest phonemes changed that the model is asked about
PREDICTED, RANKED = 500, 4_000  # words that it probably hears as nearest, of so many by the cosine alone
PHRASES, PHRASES_RANKED = 150, 400
PRONUNCIATIONS = 2  # of a keyword that neighbours in phonemes are looked for
CHANGED = 10  # words near each word of a phrase, that it is changed to


class Confusables:
    """The words and phrases of a dictionary that a model hears as nearest to a keyword.

    Similarity is that of typed embeddings, normalised by the cohort as a detection's is: the score that the keyword
    would have if the word were spoken as it is typed. Over the words of the small synthetic test set (500 unseen ones,
    four utterances each) its correlation with the mean score of the spoken word is 0.90 for the ECAPA model and 0.85
    for the speech embedding; spoken words score a fifth lower in the mean, and the highest tenth of them as much.
    Phonemes changed tell far less of what a model confuses (rank correlation 0.34, typed similarity 0.90). Where
    spotting judges by phonemes, too, what these say is added (:class:`TypedPhonemes`).

    Not all words go through the text encoder: see :class:`PredictedEmbeddings`.

    Parameters
    ----------
    spotter : that listens
    sounds : the dictionary; None is CMUdict
    """

    def __init__(self, spotter: Spotter, sounds: WordSounds | None = None):
        self.model, self.cohort = spotter.model, spotter.cohort
        self.sounds = word_sounds() if sounds is None else sounds
        heard = None if spotter.background is None else spotter.background.phonemes
        self._phonemes = None if heard is None else TypedPhonemes(heard)
        with _quiet():
            self._predicted = PredictedEmbeddings(self.model, self.sounds)

    def words(self, keyword: Keyword, count: int) -> list[Confusable]:
        """Up to ``count`` words, the most similar first; those that the keyword is a part of are left out."""
        own = self.sounds_of(keyword)
        rows = {row for sound in own[:PRONUNCIATIONS] for row in self.sounds.nearest(sound, NEAR).rows}
        likely = np.argsort(-(self._predicted.everything @ keyword.embeddings.T).max(1), kind="stable")[:RANKED]
        scores = self._queries(keyword).every_score(self._predicted.everything[likely])[:, 0]
        rows |= set(likely[np.argsort(-scores, kind="stable")[:PREDICTED]].tolist())
        texts, typed = {}, normal_form(keyword.text)
        for row in sorted(rows):
            sound, words = self.sounds.sounds[row], self.sounds.words(row)
            others = [word for word in words if word != typed]
            if others and len(sound) > 1 and (sound in own or not any(part in sound for part in own)):
                texts[others[0]] = (sound, tuple(others[1:]))
        return self._ranked(keyword, texts, "word", count)

    def phrases(self, keyword: Keyword, count: int) -> list[Confusable]:
        """Up to ``count`` phrases, the most similar first; one of those that sound the same as each other."""
        own = self.sounds_of(keyword)
        found: dict[str, tuple[int, ...]] = {}
        for said in said_of(keyword)[:PRONUNCIATIONS]:
            parts = [sound_of(part.split()) for part in " ".join(said).split(WORD_BOUNDARY)]
            for rows in phrase_candidates(parts, self.sounds, PHRASES_RANKED):
                sound = "".join(self.sounds.sounds[row] for row in rows)
                if sound in own or not any(one in sound for one in own):
                    found.setdefault(sound, rows)
        if not found:
            return []
        scores = self._queries(keyword).every_score(self._predicted.of(list(found)))[:, 0]
        typed = normal_form(keyword.text)
        texts: dict[str, tuple[str, tuple[str, ...]]] = {}
        ranked = sorted(
            zip(scores.tolist(), found.items(), strict=True), key=lambda one: (one[1][0] not in own, -one[0])
        )
        for _, (sound, rows) in ranked[:PHRASES]:
            spelt = product(*(self.sounds.words(row)[:2] for row in rows))
            text = next((text for text in map(" ".join, spelt) if text != typed), None)
            if text is not None:
                texts.setdefault(text, (sound, ()))
        return self._ranked(keyword, texts, "phrase", count)

    def sounds_of(self, keyword: Keyword) -> list[str]:
        """How a keyword is said, each way once (:func:`kwskit.text.word_sounds.sound_of`)."""
        return list(dict.fromkeys(map(sound_of, said_of(keyword))))

    def around(self, keyword: Keyword) -> list[str]:
        """Words that the keyword is a part of, as it is said, short ones first."""
        rows = {row: None for sound in self.sounds_of(keyword) for row in self.sounds.around(sound)}
        return [self.sounds.words(row)[0] for row in rows]

    def parts(self, keyword: Keyword, least: int) -> list[tuple[str, float]]:
        """Words that are at least a half of the keyword, as it is said, and ``least`` phonemes, with their scores."""
        rows: dict[int, None] = {}
        for sound in self.sounds_of(keyword):
            rows |= dict.fromkeys(self.sounds.inside(sound, max(least, -(-len(sound) // 2))))
        words = [self.sounds.words(row)[0] for row in rows]
        scores = self._scores(keyword, words)[1].tolist()
        return sorted(zip(words, scores, strict=True), key=lambda part: (-part[1], part[0]))

    def changes(self, keyword: Keyword) -> list[tuple[str, float]]:
        """A phrase without each of its words, and with each changed to one that sounds nearly alike, with their scores.

        The highest come first; a word has none.
        """
        words = normal_form(keyword.text).split()
        said = " ".join(said_of(keyword)[0]) if keyword.readings else ""
        parts = [sound_of(part.split()) for part in said.split(WORD_BOUNDARY)]
        if len(words) < 2 or len(parts) != len(words):
            return []
        texts = []
        for place, part in enumerate(parts):
            near = [row for row in self.sounds.nearest(part, CHANGED + 1).rows if self.sounds.sounds[row] != part]
            for other in ([], *([self.sounds.words(row)[0]] for row in near[:CHANGED])):
                texts.append(" ".join([*words[:place], *other, *words[place + 1 :]]))
        texts = list(dict.fromkeys(texts))
        scores = self._scores(keyword, texts)[1].tolist()
        return sorted(zip(texts, scores, strict=True), key=lambda one: (-one[1], one[0]))

    def score(self, keyword: Keyword, other: Keyword) -> float:
        """The score that ``keyword`` has when ``other``, perhaps itself, is said as it is typed."""
        return float(self._said_scores(keyword, self.model.embed_tokens(other.tokens), other.tokens).max())

    def _ranked(
        self, keyword: Keyword, texts: dict[str, tuple[str, tuple[str, ...]]], kind: str, count: int
    ) -> list[Confusable]:
        """The ``count`` best of texts with their sounds and what else sounds like them."""
        own = self.sounds_of(keyword)
        cosines, scores = self._scores(keyword, list(texts))
        edits = edit_distances([sound for sound, _ in texts.values()], own).min(1, initial=255)
        every = [
            Confusable(text, also, " ".join(phonemes_of(sound)), kind, int(edit), float(cosine), float(score), not edit)
            for (text, (sound, also)), edit, cosine, score in zip(texts.items(), edits, cosines, scores, strict=True)
        ]
        # What sounds the same is told, whatever the model makes of its letters.
        kept = sorted(every, key=lambda one: (not one.same, -one.score, one.text))[:count]
        return sorted(kept, key=lambda one: (-one.score, one.text))

    def _scores(self, keyword: Keyword, texts: Sequence[str]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """(N,) cosines and (N,) scores of ``keyword`` with ``texts`` (N), the highest of their pronunciations."""
        if not texts:
            return np.zeros(0, np.float32), np.zeros(0, np.float32)
        with _quiet():
            tokens = [self.model.tokenizer.encode(text) for text in texts]
        flat = [ids for found in tokens for ids in found]
        order = np.argsort([len(ids) for ids in flat], kind="stable")  # alike in length: little padding
        embeddings = np.empty((len(flat), self.model.dim), np.float32)
        embeddings[order] = self.model.embed_tokens([flat[k] for k in order])
        counts = np.array([len(found) for found in tokens])
        first = np.cumsum(counts) - counts
        cosines = (embeddings @ keyword.embeddings.T).max(1)
        scores = self._said_scores(keyword, embeddings, flat)
        return np.maximum.reduceat(cosines, first), np.maximum.reduceat(scores, first)

    def _said_scores(
        self, keyword: Keyword, embeddings: NDArray[np.float32], tokens: Sequence[Sequence[int]]
    ) -> NDArray[np.float32]:
        """(n,) scores of ``keyword`` where what has ``embeddings`` (n, dim) and ``tokens`` (n) is said."""
        scores = self._queries(keyword).every_score(embeddings)[:, 0]
        if self._phonemes is None:
            return scores
        return scores + self._phonemes.scores(keyword, [self.model.tokenizer.heard(ids) for ids in tokens])

    def _queries(self, keyword: Keyword) -> KeywordQueries:
        return KeywordQueries([keyword], self.cohort)


def said_of(keyword: Keyword) -> tuple[Pronunciation, ...]:
    """How a keyword that was typed is said, also where the model reads its letters."""
    return () if keyword.readings is None else keyword.readings.pronunciations


@contextmanager
def _quiet():
    """Without the warnings about short keywords: these are none."""
    logger = logging.getLogger("kwskit.text")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)
