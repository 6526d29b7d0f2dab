"""The classes of a batch, without asking the device how many there are."""

import torch
from torch import Tensor


def class_slots(labels: Tensor) -> tuple[Tensor, Tensor]:
    """Number the classes of a batch inside ``range(M)``, leaving gaps, so that no shape depends on the data.

    Returns
    -------
    slot : (M,) int64, the slot of each row's class: how many rows have a smaller label
    size : (M,) int64, rows of the class in each slot, 0 for an unused slot
    """
    slot = torch.searchsorted(labels.sort().values, labels)
    size = torch.zeros_like(slot).index_add(0, slot, torch.ones_like(slot))
    return slot, size


def slot_means(x: Tensor, slot: Tensor, size: Tensor) -> Tensor:
    """(M, d) mean of the rows of ``x`` (M, d) of each slot's class; zero for an unused slot."""
    return torch.zeros_like(x).index_add(0, slot, x) / size.clamp(min=1).unsqueeze(1)


def class_means(labels: Tensor, *rows: Tensor) -> list[Tensor]:
    """(K, d) mean of each of the K classes, for each of ``rows`` (M, d).

    K is not known on the host: on an accelerator this waits for the device.
    """
    slot, size = class_slots(labels)
    used = size.nonzero().squeeze(1)
    return [slot_means(x, slot, size).index_select(0, used) for x in rows]
