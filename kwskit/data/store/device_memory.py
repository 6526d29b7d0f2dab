"""Whether something large fits into the memory of a device."""

from pathlib import Path

import torch

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
