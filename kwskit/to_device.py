"""Copies between host and device that nobody waits for."""

import torch
from torch import Tensor


def to_device(x: Tensor, device: torch.device | str) -> Tensor:
    """``x`` on ``device``; from the CPU to a GPU without making the host wait for it.

    A copy from ordinary memory waits until the GPU has done all earlier work, so what is to be sent is put into
    page-locked memory first. The other way the host has to wait in any case, for there the values are read.
    """
    device = torch.device(device)
    if not x.is_cpu or device.type == "cpu":
        return x.to(device)
    return (x.pin_memory() if device.type == "cuda" else x).to(device, non_blocking=True)
