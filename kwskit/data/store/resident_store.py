"""A packed store whose samples are in the memory of the training device."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from kwskit.data.store.device_memory import check_fits, flat_rows
from kwskit.data.store.packed_store import PackedStore
from kwskit.data.store.shard_writer import SAMPLE_BYTES


class ResidentStore:
    """All samples of a store end to end on a device; batches are gathered there, and no audio crosses the bus again.

    Parameters
    ----------
    store : what to hold
    device : where

    Raises
    ------
    DoesNotFit
        When the device has too little free memory: with the bytes needed and free.
    """

    def __init__(self, store: PackedStore, device: torch.device | str):
        total = int(store.num_samples.sum())
        check_fits(f"the samples of {store.path}", total * SAMPLE_BYTES, device)
        self._store = store
        self._begins = np.cumsum(store.num_samples) - store.num_samples
        self.pcm = torch.empty(total, dtype=torch.int16, device=device)
        begin = 0
        for samples in store.stretches():
            self.pcm[begin : begin + len(samples)] = torch.from_numpy(samples.copy())
            begin += len(samples)

    def gather(self, rows: Sequence[int] | np.ndarray, max_samples: int | None = None) -> tuple[Tensor, Tensor]:
        """Segments side by side: (N, longest) int16 on the device, zero padded, and their lengths (N,) on the host.

        Parameters
        ----------
        rows : N rows of the store
        max_samples : longer segments lose their end

        Raises
        ------
        IndexError
            When a row does not exist.
        """
        rows = np.asarray(rows, dtype=np.int64)
        lens = self._store.lengths(rows, max_samples)
        return flat_rows(self.pcm, self._begins[rows], lens), torch.from_numpy(lens)

    def speech(self, rows: np.ndarray, max_samples: int | None = None) -> dict[str, Any]:
        """``wav`` (int16) and ``wav_lens`` of a :class:`~kwskit.batch.Batch`."""
        pcm, lens = self.gather(rows, max_samples)
        return {"wav": pcm, "wav_lens": lens}
