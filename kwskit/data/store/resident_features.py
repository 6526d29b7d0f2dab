"""The features of a packed store, computed once, in the memory of the training device."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from kwskit.batch import length_mask
from kwskit.data.evaluation_batches import evaluation_batches
from kwskit.data.store.device_memory import check_fits, flat_rows
from kwskit.data.store.packed_store import PackedStore
from kwskit.to_device import to_device

BATCH = 128


class ResidentFeatures:
    """Every segment's features end to end on a device.

    What a frontend makes of the same audio in every epoch is made once; of log-mel features in float16, four times as
    many hours fit as of samples.

    Parameters
    ----------
    store : the segments
    frontend : ``(wav (N, S), wav_lens (N,)) -> (feats (N, T, F), feat_lens (N,))`` on ``device``, without randomness;
        the number of frames depends on the number of samples alone
    device : where
    dtype : float32, or float16, which rounds features as large as 16 by at most 0.008

    Raises
    ------
    DoesNotFit
        When the device has too little free memory: with the bytes needed and free.
    """

    def __init__(
        self,
        store: PackedStore,
        frontend: Callable[[Tensor, Tensor], tuple[Tensor, Tensor]],
        device: torch.device | str,
        dtype: torch.dtype = torch.float32,
    ):
        self.num_samples = store.num_samples
        sizes, size_of = np.unique(store.num_samples, return_inverse=True)
        with torch.no_grad():
            counts, width = _frames(sizes, frontend, device)
            self.num_frames = counts[size_of]
            self._begins = np.cumsum(self.num_frames) - self.num_frames
            total = int(self.num_frames.sum())
            check_fits(f"the features of {store.path}", total * width * dtype.itemsize, device)
            self.feats = torch.empty(total, width, dtype=dtype, device=device)
            for rows, wav, lens in evaluation_batches(store, batch_size=BATCH):
                feats, _ = frontend(wav.to(device), lens.to(device))
                valid = length_mask(torch.from_numpy(self.num_frames[rows]).to(device), feats.shape[1])
                frame = torch.arange(feats.shape[1], device=device)
                places = torch.from_numpy(self._begins[rows]).to(device)[:, None] + frame
                self.feats[places[valid]] = feats[valid].to(dtype)

    def gather(self, rows: Sequence[int] | np.ndarray) -> tuple[Tensor, Tensor]:
        """Features side by side: (N, T, F) float32 on the device, zero padded, and their lengths (N,) on the host.

        Raises
        ------
        IndexError
            When a row does not exist.
        """
        rows = np.asarray(rows, dtype=np.int64)
        lens = self.num_frames[rows]
        return flat_rows(self.feats, self._begins[rows], lens).float(), torch.from_numpy(lens)

    def speech(self, rows: np.ndarray, max_samples: int | None = None) -> dict[str, Any]:
        """``feats`` and ``feat_lens`` of a :class:`~kwskit.batch.Batch`, whose ``wav`` is empty.

        Raises
        ------
        ValueError
            When segments are to be cut: their features are made already.
        """
        if max_samples is not None:
            raise ValueError(f"max_samples={max_samples}: features that are resident were made of whole segments")
        feats, feat_lens = self.gather(rows)
        samples = torch.from_numpy(self.num_samples[rows])
        return {"wav": feats.new_zeros(len(rows), 0), "wav_lens": samples, "feats": feats, "feat_lens": feat_lens}


def _frames(
    sizes: np.ndarray, frontend: Callable[[Tensor, Tensor], tuple[Tensor, Tensor]], device: torch.device | str
) -> tuple[np.ndarray, int]:
    """(k,) how many frames silence of ``sizes`` (k,) samples has, and the number of features of a frame."""
    counts, width = [np.zeros(0, np.int64)], 0
    for some in np.array_split(sizes, np.arange(BATCH, len(sizes), BATCH)):
        wav = torch.zeros(len(some), int(some.max(initial=0)), device=device)
        feats, lens = frontend(wav, to_device(torch.from_numpy(some), device))
        counts.append(lens.cpu().numpy())
        width = feats.shape[2]
    return np.concatenate(counts), width
