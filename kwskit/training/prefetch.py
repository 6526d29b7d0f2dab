"""Batches on their way to the device while the step before still runs."""

from collections.abc import Iterable, Iterator
from dataclasses import fields, replace

import torch
from torch import Tensor

from kwskit.batch import Batch
from kwskit.data.evaluation_batches import as_wav


def prefetch(batches: Iterable[Batch], device: torch.device | str) -> Iterator[Batch]:
    """``batches`` on ``device``; to a GPU, each is copied while the step of the one before is still running.

    The copies run in a stream of their own, so that the GPU's copy engine works beside its processors. The step's
    stream waits for the copy, not the host.
    """
    device = torch.device(device)
    if device.type != "cuda":
        for batch in batches:
            yield _with_float_samples(batch.to(device))
        return
    copies = torch.cuda.Stream(device)
    ahead: tuple[Batch, torch.cuda.Event] | None = None
    for batch in batches:
        if batch.wav.is_cuda:  # gathered there, from a resident store, in the step's own stream
            yield _with_float_samples(batch.to(device))
            continue
        with torch.cuda.stream(copies):
            coming = batch.to(device), copies.record_event()
        if ahead is not None:
            yield _arrived(*ahead)
        ahead = coming
    if ahead is not None:
        yield _arrived(*ahead)


def _with_float_samples(batch: Batch) -> Batch:
    """``batch``, whose samples may have travelled as int16, half as many bytes."""
    if batch.wav.is_floating_point():
        return batch
    return replace(batch, wav=as_wav(batch.wav))


def _arrived(batch: Batch, copied: torch.cuda.Event) -> Batch:
    """``batch``, for use in the current stream."""
    step = torch.cuda.current_stream(batch.wav.device)
    step.wait_event(copied)
    for field in fields(batch):
        if isinstance(x := getattr(batch, field.name), Tensor):
            x.record_stream(step)  # or its memory could be given to the next copy while the step still reads it
    return _with_float_samples(batch)
