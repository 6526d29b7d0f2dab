"""Which layout a batch's frames get."""

from torch import Tensor

from kwskit.encoders.packed_frames import PackedFrames
from kwskit.encoders.padded_frames import PaddedFrames
from kwskit.numerics import values_at_hand

Frames = PackedFrames | PaddedFrames


def lay_out(mask: Tensor, gap: int = 0) -> Frames:
    """Packed on a CPU, where padding costs time; padded on a GPU and in compiled or exported graphs.

    ``mask`` is (N, T) bool; ``gap`` as in :class:`PackedFrames`.
    """
    return PackedFrames(mask, gap) if values_at_hand(mask) else PaddedFrames(mask)
