"""Keywords as queries of windows that a model has embedded."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from kwskit.spotting.cohort import LEAST_DEVIATION, normalised
from kwskit.spotting.cohort_embeddings import CohortEmbeddings
from kwskit.spotting.expected_duration import WINDOWS
from kwskit.spotting.keyword import Keyword
from kwskit.spotting.windows.listener import EncodedWindows


class KeywordQueries:
    """Scores of keywords: the highest cosine of their rows, normalised by the cohort (T-norm), -inf where none fits.

    A window fits a keyword when the length of ``WINDOWS`` nearest to its own does. A keyword that is one of the cohort
    is not normalised by itself. The head of an adapted keyword turns these scores, its alone, into its own.

    Parameters
    ----------
    keywords : Q of them
    cohort : other words
    """

    def __init__(self, keywords: Sequence[Keyword], cohort: CohortEmbeddings):
        self.keywords, self.cohort = list(keywords), cohort
        dim = cohort.embeddings.shape[1]
        rows = [np.zeros((0, dim), np.float32), *(keyword.embeddings for keyword in self.keywords)]
        self._rows = np.concatenate(rows)
        counts = np.array([len(keyword.embeddings) for keyword in self.keywords], np.int64)
        self._first = np.cumsum(counts) - counts
        self._fits = np.array([[length in keyword.windows for keyword in self.keywords] for length in WINDOWS], bool)
        self._shortest = np.array([min(keyword.windows) for keyword in self.keywords])
        same = [cohort.same(one.tokens) for one in self.keywords]
        self._of_cohort = [k for k, found in enumerate(same) if found]
        self._others = np.ones((len(cohort.words), len(self._of_cohort)))
        for column, k in enumerate(self._of_cohort):
            self._others[same[k], column] = 0

    def __len__(self) -> int:
        return len(self.keywords)

    def scores(self, windows: EncodedWindows[NDArray[np.float32]]) -> NDArray[np.float32]:
        """(n, Q) of n windows."""
        fits = self._fits[nearest_window(windows.stop - windows.start)]
        return np.where(fits, self.every_score(windows.kept), np.float32(-np.inf))

    def whole_scores(self, windows: EncodedWindows[NDArray[np.float32]]) -> NDArray[np.float32]:
        """(n, Q) of windows that are a whole stream, for the keywords that only longer ones would fit."""
        short = (windows.stop - windows.start)[:, None] < self._shortest
        return np.where(short, self.every_score(windows.kept), np.float32(-np.inf))

    def every_score(self, windows: NDArray[np.float32]) -> NDArray[np.float32]:
        """(n, Q) of windows (n, dim), whether they fit or not."""
        if not self.keywords:
            return np.zeros((len(windows), 0), np.float32)
        own = np.maximum.reduceat(windows @ self._rows.T, self._first, axis=1)
        others = self.cohort.scores(windows)
        found = normalised(own, others)
        if self._of_cohort:
            found[:, self._of_cohort] = self._normalised_by_others(own[:, self._of_cohort], others.astype(np.float64))
        for k, keyword in enumerate(self.keywords):
            if keyword.head is not None:
                found[:, k] = keyword.head(windows, found[:, k])
        return found

    def _normalised_by_others(self, own: NDArray[np.float32], cohort: NDArray[np.float64]) -> NDArray[np.float64]:
        """As :func:`normalised`, for the keywords of the cohort, each without itself: all from the same two sums."""
        count = self._others.sum(0)
        mean = cohort @ self._others / count
        variance = np.square(cohort) @ self._others / count - np.square(mean)
        return (own - mean) / np.sqrt(np.maximum(variance, LEAST_DEVIATION**2))


def nearest_window(seconds: NDArray[np.float64]) -> NDArray[np.int64]:
    """(n,) which of ``WINDOWS`` is the nearest to each of ``seconds`` (n,)."""
    middles = np.array([(a + b) / 2 for a, b in pairwise(WINDOWS)])
    return np.searchsorted(middles, seconds)
