"""Same-different word discrimination: do two segments, or a segment and a typed word, hold the same word?

Carlin et al. 2011's protocol, as JMCL's table has it: average precision over all pairs, ranked by cosine.
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kwskit.atomic_write import atomic_write
from kwskit.evaluation.bootstrap import usable_cores
from kwskit.evaluation.operating_points import OperatingPoints

SHORTEST_WORD = 3  # letters (JMCL)


@dataclass(frozen=True)
class ScoredPairs:
    """Pairs of words with scores.

    Attributes
    ----------
    first, second : (P,) int, the words of each pair; a pair is a target where they are equal
    scores : (P,) float
    """

    first: NDArray[np.int32]
    second: NDArray[np.int32]
    scores: NDArray[np.float64]

    @property
    def average_precision(self) -> float:
        """AP over all pairs, ties grouped.

        Raises
        ------
        ValueError
            When no two are of one word, or all are.
        """
        return OperatingPoints.of(self.first == self.second, self.scores).average_precision

    def resampled(self, counts: NDArray[np.int32]) -> NDArray[np.float64]:
        """(B,) AP where the words are drawn ``counts`` (W, B) times; NaN without targets or without non-targets.

        A pair of two words counts as often as the product of their draws. A pair of one word counts as often as
        the word is drawn: the copies of a drawn word are not paired with each other, which would double the share of
        targets (ours).
        """
        with ThreadPoolExecutor(usable_cores()) as threads:
            return np.array(list(threads.map(self._resample, counts.T)))

    def _resample(self, drawn: NDArray[np.int32]) -> float:
        own, ranks, first, second, size = self._ranked
        hits = np.bincount(own[0], drawn[own[1]], size)
        drawn = drawn.astype(np.float64)
        false_alarms = np.cumsum(np.bincount(ranks, drawn[first] * drawn[second], size + 1)[:size])
        total = hits.sum()
        accepted = np.cumsum(hits) + false_alarms
        if total == 0 or drawn @ drawn == drawn.sum() ** 2:  # one word drawn: nothing to tell it from
            return np.nan
        return float(np.sum(hits * np.cumsum(hits) / np.maximum(accepted, 1)) / total)

    @cached_property
    def _ranked(self):
        """Targets' (level, word); non-targets' level and words; the number of levels, the targets' distinct scores.

        A non-target's level is the first that it is accepted at; those below all targets have the last, extra one.
        """
        same = self.first == self.second
        levels, own = np.unique(-self.scores[same], return_inverse=True)
        ranks = np.searchsorted(levels, -self.scores[~same])
        words = self.first[same]
        return (own, words), ranks, self.first[~same], self.second[~same], len(levels)


def acoustic_pairs(embeddings: ArrayLike, words: ArrayLike) -> ScoredPairs:
    """All N (N - 1) / 2 pairs of segments: cosines of ``embeddings`` (N, d), ``words`` (N,) from 0."""
    unit, spoken = _unit(embeddings), np.asarray(words, np.int32)
    left, right = np.triu_indices(len(unit), 1)
    return ScoredPairs(spoken[left], spoken[right], (unit @ unit.T)[left, right])


def cross_view_pairs(embeddings: ArrayLike, words: ArrayLike, texts: ArrayLike, typed: ArrayLike) -> ScoredPairs:
    """Every segment with every word: the best cosine over the word's texts.

    Parameters
    ----------
    embeddings : (N, d) of segments; words : (N,)
    texts : (M, d) of typed words, one a pronunciation; typed : (M,) their words
    """
    unit, spoken, owner = _unit(embeddings), np.asarray(words, np.int32), np.asarray(typed)
    vocabulary, place = np.unique(owner, return_inverse=True)
    best = np.full((len(vocabulary), len(unit)), -np.inf)
    np.maximum.at(best, place, _unit(texts) @ unit.T)
    pairs = np.repeat(vocabulary.astype(np.int32), len(unit)), np.tile(spoken, len(vocabulary))
    return ScoredPairs(*pairs, best.ravel())


@dataclass(frozen=True)
class Segments:
    """Segments and typed words of one split, embedded; as a file it is a NumPy archive with ``facts``.

    Attributes
    ----------
    vocabulary : words of at least three letters, as JMCL's; all numbers below are places in it
    audio : (N, d); words : (N,)
    texts : (M, d), one a pronunciation; typed : (M,)
    """

    vocabulary: list[str]
    audio: NDArray[np.float32]
    words: NDArray[np.int32]
    texts: NDArray[np.float32]
    typed: NDArray[np.int32]

    def pairs(self, metric: str) -> ScoredPairs:
        """The pairs of ``acoustic_ap`` or ``cross_view_ap``.

        Raises
        ------
        ValueError
            For another name.
        """
        if metric == "acoustic_ap":
            return acoustic_pairs(self.audio, self.words)
        if metric == "cross_view_ap":
            return cross_view_pairs(self.audio, self.words, self.texts, self.typed)
        raise ValueError(f"segments have acoustic_ap and cross_view_ap, not '{metric}'")

    def write(self, path: Path, facts: dict[str, str]) -> None:
        """Write the archive, whole or not at all."""
        lines = np.array([f"{key}={value}" for key, value in facts.items()])
        arrays = {name: getattr(self, name) for name in ("audio", "words", "texts", "typed")}
        with atomic_write(path) as partial, partial.open("wb") as sink:
            np.savez(sink, facts=lines, vocabulary=np.array(self.vocabulary), **arrays)

    @classmethod
    def read(cls, path: Path) -> tuple["Segments", dict[str, str]]:
        """An archive and its facts.

        Raises
        ------
        OSError, ValueError, KeyError
            When it cannot be read or is another archive.
        """
        with np.load(path, allow_pickle=False) as found:
            facts = dict(line.split("=", 1) for line in found["facts"].tolist())
            arrays = (found[name] for name in ("audio", "words", "texts", "typed"))
            return cls(found["vocabulary"].tolist(), *arrays), facts


def _unit(embeddings: ArrayLike) -> NDArray[np.float64]:
    rows = np.asarray(embeddings, np.float64)
    return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)
