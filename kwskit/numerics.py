"""Rules of computing that all parts share."""

import torch
import torch.nn.functional as F
from torch import Tensor


def unit(x: Tensor) -> Tensor:
    """Rows of ``x`` (M, d) scaled to length 1; a zero row stays zero."""
    return F.normalize(x, dim=-1, eps=1e-8)


def at_least_float32(x: Tensor) -> Tensor:
    """``x`` in float32 when it is a narrower float, and otherwise as it is."""
    return x.float() if x.is_floating_point() and x.dtype.itemsize < 4 else x


def values_on_host(x: Tensor) -> bool:
    """Whether Python may branch on values of ``x`` at no cost: on a CPU, outside compiled and exported graphs."""
    return x.is_cpu and not torch.compiler.is_compiling() and not torch.jit.is_tracing()
