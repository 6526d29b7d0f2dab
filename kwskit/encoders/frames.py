"""Which layout a batch's frames get."""

import torch
from torch import Tensor

from kwskit.encoders.packed_frames import PackedFrames
from kwskit.encoders.padded_frames import PaddedFrames

Frames = PackedFrames | PaddedFrames


def values_at_hand(x: Tensor) -> bool:
    """Whether Python may branch on values of ``x`` at no cost: on a CPU, outside compiled and exported graphs."""
    return x.is_cpu and not torch.compiler.is_compiling() and not torch.jit.is_tracing()


def lay_out(mask: Tensor, gap: int = 0) -> Frames:
    """Packed on a CPU, where padding costs time; padded on a GPU and in compiled or exported graphs.

    ``mask`` is (N, T) bool; ``gap`` as in :class:`PackedFrames`.
    """
    return PackedFrames(mask, gap) if values_at_hand(mask) else PaddedFrames(mask)
