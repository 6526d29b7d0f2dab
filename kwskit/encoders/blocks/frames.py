"""Which layout a batch's frames get."""

from torch import Tensor

from kwskit.encoders.blocks.packed_frames import PackedFrames
from kwskit.encoders.blocks.padded_frames import PaddedFrames
from kwskit.numerics import values_on_host

Frames = PackedFrames | PaddedFrames


def lay_out(mask: Tensor, gap: int = 0) -> Frames:
    """Packed on a CPU, where padding costs time; padded on a GPU and in compiled or exported graphs.

    ``mask`` is (N, T) bool; ``gap`` as in :class:`PackedFrames`.
    """
    return PackedFrames(mask, gap) if values_on_host(mask) else PaddedFrames(mask)
