"""Phoneme sequences that are nearly alike, among many: LibriPhrase's hard negatives without a square of distances."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from kwskit.text.phoneme_distance import edit_distances, phoneme_characters

AT_A_TIME = 20_000_000  # distances, a byte each
FARTHEST = 255

Refused = Callable[[NDArray[np.int64], NDArray[np.int64]], NDArray[np.bool_]]


class PhonemeNeighbours:
    """The nearest of many phoneme sequences to some of them, in Levenshtein distance, exactly.

    Sequences whose lengths differ by more than w are more than w edits apart, so a sequence is compared with those of
    nearly its length first, and with ever more until it has its neighbours within them. Blocks of comparisons are
    rapidfuzz's, which on a core makes 80 million a second: an index of shared pieces (as in Li et al. 2011) was tried
    and is slower (ours).

    Parameters
    ----------
    phonemes : N sequences of at most 254 phonemes
    window : difference of lengths to begin with
    """

    def __init__(self, phonemes: Sequence[Sequence[str]], window: int = 2):
        symbols = phoneme_characters(sorted({phoneme for said in phonemes for phoneme in said}))
        lens = np.array([len(said) for said in phonemes], np.int64)
        self._order = np.argsort(lens, kind="stable")  # sequences by length: those of a window stand together
        self._lens = lens[self._order]
        self._texts = ["".join(symbols[phoneme] for phoneme in phonemes[row]) for row in self._order.tolist()]
        self._window = window

    def nearest(
        self, queries: NDArray[np.int64], count: int, rng: np.random.Generator, refused: Refused | None = None
    ) -> NDArray[np.int64]:
        """(Q, count) the nearest sequences that differ from each query, nearest first; -1 where there are no more.

        Equally near ones are drawn by ``rng``.

        Parameters
        ----------
        queries : (Q,) distinct numbers of sequences
        count : how many
        rng : of the draw
        refused : of numbers (P,) of queries and (P,) of others, which pairs are none
        """
        place = np.empty(len(self._order), np.int64)
        place[self._order] = np.arange(len(self._order))
        found = np.full((len(self._order), count), -1, np.int64)
        for length in np.unique(self._lens[place[queries]]).tolist():
            left = np.sort(place[queries[self._lens[place[queries]] == length]])
            window = self._window
            while len(left):
                low, high = np.searchsorted(self._lens, [length - window, length + window + 1])
                whole = high - low == len(self._lens)
                rows = max(1, AT_A_TIME // max(high - low, 1))
                undone = []
                for at in range(0, len(left), rows):
                    part = left[at : at + rows]
                    others, distances = self._compare(part, low, high, count, rng, refused)
                    done = whole | (distances[:, -1] <= window)
                    found[part[done]] = others[done]
                    undone.append(part[~done])
                left = np.concatenate(undone)
                window *= 2
        nearest = found[place[queries]]
        return np.where(nearest < 0, -1, self._order[nearest])

    def _compare(
        self,
        queries: NDArray[np.int64],
        low: int,
        high: int,
        count: int,
        rng: np.random.Generator,
        refused: Refused | None,
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """(Q, count) nearest of the sequences from ``low`` to ``high`` and their distances, all by length."""
        texts = [self._texts[query] for query in queries.tolist()]
        distances = edit_distances(texts, self._texts[low:high], workers=-1)
        distances[distances == 0] = FARTHEST
        # Enough for the neighbours with some to spare for refusals, and all that are as near as the last of them.
        enough = 2 * count
        while True:
            last = min(enough, high - low) - 1
            limit = np.minimum(np.partition(distances, last, axis=1)[:, last], FARTHEST - 1)
            row, column = np.nonzero(distances <= limit[:, None])
            distance = distances[row, column]
            if refused is not None:
                kept = ~refused(self._order[queries[row]], self._order[low + column])
                row, column, distance = row[kept], column[kept], distance[kept]
            if last == high - low - 1 or np.bincount(row, minlength=len(queries)).min() >= count:
                break
            enough *= 8
        order = np.lexsort((rng.random(len(row)), distance, row))
        row, column, distance = row[order], column[order], distance[order]
        rank = np.arange(len(row)) - np.searchsorted(row, row)
        near = rank < count
        others = np.full((len(queries), count), -1, np.int64)
        nearness = np.full((len(queries), count), FARTHEST, np.int64)
        others[row[near], rank[near]] = low + column[near]
        nearness[row[near], rank[near]] = distance[near]
        return others, nearness
