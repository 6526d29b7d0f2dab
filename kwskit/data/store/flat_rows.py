"""Pieces of one long tensor side by side."""

import numpy as np
import torch
from torch import Tensor

from kwskit.batch import length_mask
from kwskit.to_device import to_device


def flat_rows(flat: Tensor, begins: np.ndarray, lens: np.ndarray) -> Tensor:
    """(N, longest, ...) on the device of ``flat`` (total, ...), padded with 0; nobody waits for the device.

    Parameters
    ----------
    flat : float16, float32 or int16
    begins, lens : (N,) int64; piece i is ``flat[begins[i] : begins[i] + lens[i]]``
    """
    longest = int(lens.max(initial=0))
    if flat.device.type == "cpu":  # whole pieces are copied several times as fast as single elements are fetched
        rows = torch.zeros((len(lens), longest, *flat.shape[1:]), dtype=flat.dtype)
        source = flat.numpy()
        for target, begin, size in zip(rows.numpy(), begins.tolist(), lens.tolist(), strict=True):
            target[:size] = source[begin : begin + size]
        return rows
    begin, size = to_device(torch.from_numpy(np.stack((begins, lens))), flat.device)
    padding = ~length_mask(size, longest)
    places = (begin[:, None] + torch.arange(longest, device=flat.device)).masked_fill_(padding, 0)
    return flat[places].masked_fill_(padding.view(*padding.shape, *[1] * (flat.dim() - 1)), 0)
