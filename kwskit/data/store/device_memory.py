"""Whether something large fits into the memory of a device."""

from pathlib import Path

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


# Training needs memory as well: what stays resident may take this much of what is free.
SHARE = 0.9
MEMINFO = Path("/proc/meminfo")


class DoesNotFit(ValueError):
    """Data that a device has no room for."""


def free_bytes(device: torch.device | str) -> int | None:
    """Bytes that are free on ``device``, or None where the system does not tell."""
    device = torch.device(device)
    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0])
    if device.type == "cpu" and MEMINFO.is_file():
        for line in MEMINFO.read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    return None


def check_fits(what: str, needed: int, device: torch.device | str) -> None:
    """Pass when ``needed`` bytes leave room for training.

    Raises
    ------
    DoesNotFit
        When they do not.
    """
    free = free_bytes(device)
    if free is not None and needed > SHARE * free:
        raise DoesNotFit(
            f"{what} take {needed:,} bytes ({needed / 1e9:.1f} GB); of {free:,} bytes ({free / 1e9:.1f} GB) that are "
            f"free on {device}, at most {SHARE:.0%} may be used, the rest is for training"
        )
