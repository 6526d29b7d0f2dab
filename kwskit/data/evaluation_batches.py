"""Speech of a packed store, to be embedded."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from kwskit.data.store.packed_store import PackedStore


class SpeechBatch(NamedTuple):
    """Speech to embed: ``rows`` (N,) of the store, ``wav`` (N, samples) float32, ``wav_lens`` (N,) int64."""

    rows: np.ndarray
    wav: Tensor
    wav_lens: Tensor


def evaluation_batches(
    store: PackedStore, rows: Sequence[int] | np.ndarray | None = None, batch_size: int = 64
) -> Iterator[SpeechBatch]:
    """All segments (or ``rows``) once, the longest first, so that a batch pads little and memory ends early or never.

    Raises
    ------
    ValueError
        When ``batch_size`` is below 1.
    """
    if batch_size < 1:
        raise ValueError(f"batch_size={batch_size}: expected at least 1")
    chosen = np.arange(len(store)) if rows is None else np.asarray(rows, dtype=np.int64)
    chosen = chosen[np.argsort(-store.num_samples[chosen], kind="stable")]
    for begin in range(0, len(chosen), batch_size):
        own = chosen[begin : begin + batch_size]
        pcm, lens = store.gather(own)
        yield SpeechBatch(own, as_wav(pcm), lens)


def as_wav(pcm: Tensor) -> Tensor:
    """int16 samples as float32 in [-1, 1)."""
    return pcm.to(torch.float32).mul_(1.0 / 32768.0)
