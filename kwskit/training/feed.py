"""The training batches of one epoch after another."""

from collections.abc import Iterator

import torch
from torch.utils.data import IterableDataset

from kwskit.batch import Batch
from kwskit.data.loader import WordBatches
from kwskit.data.utterance_batches import UtteranceBatches
from kwskit.training.prefetch import prefetch


class TrainingFeed(IterableDataset):
    """Batches of the epoch, from the position that :meth:`seek` set.

    Parameters
    ----------
    batches : the epochs' batches, a pure function of (epoch, position)

    Attributes
    ----------
    device : where the batches are sent
    """

    def __init__(self, batches: WordBatches | UtteranceBatches):
        self._batches = batches
        self.device: torch.device | str = "cpu"
        self._epoch, self._start = 1, 0

    def __len__(self) -> int:
        """Batches an epoch."""
        return len(self._batches)

    def seek(self, epoch: int, start: int) -> None:
        """Make the next iteration yield epoch ``epoch`` (from 1) from batch ``start`` (from 0)."""
        self._epoch, self._start = epoch, start

    def __iter__(self) -> Iterator[Batch]:
        yield from prefetch(self._batches.batches(self._epoch, self._start), self.device)
