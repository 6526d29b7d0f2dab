"""Score normalisation that an index can search by."""

import numpy as np
from numpy.typing import NDArray

from kwskit.spotting.cohort_embeddings import CohortEmbeddings

# A window that is equally far from all other words tells nothing; float16 ends at 65,504.
LEAST = 1e-2
MULTIPLE = 8  # of the columns, as vector engines like them


class CohortNorm:
    """T-norm (Auckenthaler et al. 2000) as an inner product (ours).

    Where the cosines of a window ``v`` with the cohort have the mean ``m`` and the deviation ``s``, its normalised
    cosine with a query ``q``, ``(q . v - m) / s``, is ``[q, 1] . [v / s, -m / s]``. An index of the latter rows
    searched by inner product, gives windows in the order of their normalised scores, and these scores.

    Parameters
    ----------
    cohort : other words, or None to leave cosines as they are
    dim : of the embeddings
    """

    def __init__(self, cohort: CohortEmbeddings | None, dim: int):
        self.cohort, self.dim = cohort, dim

    @property
    def columns(self) -> int:
        """Length of the rows: ``dim`` and one, filled up with zeros to a multiple of 8."""
        return -(-(self.dim + 1) // MULTIPLE) * MULTIPLE

    def windows(self, embeddings: NDArray[np.float32]) -> NDArray[np.float32]:
        """Rows (N, columns) of windows (N, dim)."""
        rows = np.zeros((len(embeddings), self.columns), np.float32)
        if self.cohort is None:
            rows[:, : self.dim] = embeddings
            return rows
        others = self.cohort.scores(embeddings)
        deviation = np.maximum(others.std(1, keepdims=True), LEAST)
        rows[:, : self.dim] = embeddings / deviation
        rows[:, [self.dim]] = -others.mean(1, keepdims=True) / deviation
        return rows

    def queries(self, embeddings: NDArray[np.float32]) -> NDArray[np.float32]:
        """Rows (N, columns) of queries (N, dim)."""
        rows = np.zeros((len(embeddings), self.columns), np.float32)
        rows[:, : self.dim] = embeddings
        rows[:, self.dim] = 1
        return rows
