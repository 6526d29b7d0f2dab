"""Score normalisation that an index can search by."""

import numpy as np
from numpy.typing import NDArray

from kwskit.speech_model.speech_model import SpeechModel
from kwskit.spotting.cohort_embeddings import COHORT, CohortEmbeddings

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

    @classmethod
    def of(cls, model: SpeechModel, words: int | None) -> "CohortNorm":
        """By so many other words as ``model`` embeds them; 0 leaves cosines as they are, None is the usual number."""
        return cls(None if words == 0 else CohortEmbeddings(model, words or COHORT), model.dim)

    def windows(self, embeddings: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Rows (N, columns) of windows (N, dim), and the deviations (N,) that they are divided by."""
        rows = np.zeros((len(embeddings), self.columns), np.float32)
        mean, deviation = self._moments(embeddings)
        rows[:, : self.dim] = embeddings / deviation
        rows[:, [self.dim]] = -mean / deviation
        return rows, deviation[:, 0]

    def typed(self, embeddings: NDArray[np.float32]) -> NDArray[np.float32]:
        """Rows (N, columns) of typed queries (N, dim): their inner products with those of windows are scores."""
        rows = np.zeros((len(embeddings), self.columns), np.float32)
        rows[:, : self.dim] = embeddings
        rows[:, self.dim] = 1
        return rows

    def spoken(self, embedding: NDArray[np.float32]) -> tuple[NDArray[np.float32], float, float]:
        """Of a spoken query (dim,): its row (columns,), and mean and deviation of its cosines with the cohort.

        The inner product with the row of a window, times the deviation of the window, is the cosine. The cosine is
        normalised by the query's mean and deviation (Z-norm), which leaves the order of windows as it is: how typed
        words lie to a window says little about its likeness to other speech.
        """
        row = np.zeros(self.columns, np.float32)
        row[: self.dim] = embedding
        mean, deviation = self._moments(embedding[None])
        return row, mean.item(), deviation.item()

    def _moments(self, embeddings: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Mean and deviation (N, 1) of the cosines with the cohort."""
        if self.cohort is None:
            return np.zeros((len(embeddings), 1), np.float32), np.ones((len(embeddings), 1), np.float32)
        others = self.cohort.scores(embeddings)
        return others.mean(1, keepdims=True), np.maximum(others.std(1, keepdims=True), LEAST)
