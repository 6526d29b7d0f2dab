"""Which layout a batch's frames get."""

import torch
from torch import Tensor

from kwskit.encoders.blocks.time_conv import TimeConv
from kwskit.numerics import values_on_host


class PackedFrames:
    """The valid frames of a batch as rows ``(M, C)`` without any padding (ours).

    Work and statistics over frames then cost and count valid frames only. Convolutions over time see the
    words ``gap`` zero frames apart. How many frames are valid is read from the mask, which on a GPU would
    wait for it: there :class:`PaddedFrames` does the same without packing.

    Parameters
    ----------
    mask : (N, T) bool, True = valid
    gap : zero frames between words, at least the reach of every convolution to one side
    """

    valid = None

    def __init__(self, mask: Tensor, gap: int = 0):
        self.shape = mask.shape
        words, frames = mask.shape
        self.place = mask.flatten().nonzero().squeeze(1)
        self.word = self.place.div(frames, rounding_mode="floor")
        self.count = mask.sum(1, keepdim=True).clamp(min=1)
        rows = torch.arange(len(self.place), device=mask.device)
        self.row = rows.new_full((words * frames,), len(rows)).index_copy(0, self.place, rows)
        self.gapped_place = rows + gap * self.word
        self.gapped_row = rows.new_full((len(rows) + gap * words,), len(rows)).index_copy(0, self.gapped_place, rows)

    def rows(self, x: Tensor) -> Tensor:
        """(M, C) rows of the valid frames of ``x`` (N, T, C)."""
        return _Select.apply(x.flatten(0, 1), self.place, self.row)

    def padded(self, rows: Tensor, fill: float = 0.0) -> Tensor:
        """(N, T, C) frames with ``fill`` where no frame is valid."""
        return _Select.apply(rows, self.row, self.place, fill).unflatten(0, self.shape)

    def convolve(self, conv: TimeConv, rows: Tensor) -> Tensor:
        """``conv`` over the time of every word."""
        if conv.kernel_size == (1,):
            return conv(rows.unsqueeze(0)).squeeze(0)
        gapped = _Select.apply(rows, self.gapped_row, self.gapped_place)
        return _Select.apply(conv(gapped.unsqueeze(0)).squeeze(0), self.gapped_place, self.gapped_row)

    def mean(self, rows: Tensor) -> Tensor:
        """(N, C) mean over the valid frames of every word, 0 for a word without any."""
        total = rows.new_zeros(self.shape[0], rows.shape[1], dtype=torch.promote_types(rows.dtype, torch.float32))
        return total.index_add(0, self.word, rows.to(total.dtype)) / self.count

    def spread(self, values: Tensor) -> Tensor:
        """(M, C) rows, each its word's row of ``values`` (N, C)."""
        return values.index_select(0, self.word)


class _Select(torch.autograd.Function):
    """Rows of ``x`` at ``index``, ``fill`` where it is ``len(x)``; ``inverse`` undoes it and gives the gradient."""

    @staticmethod
    def forward(ctx, x: Tensor, index: Tensor, inverse: Tensor, fill: float = 0.0) -> Tensor:
        ctx.save_for_backward(index, inverse)
        return _select(x, index, inverse, fill)

    @staticmethod
    def backward(ctx, *gradients: Tensor) -> tuple[Tensor, None, None, None]:
        index, inverse = ctx.saved_tensors
        return _select(gradients[0], inverse, index, 0.0), None, None, None


def _select(x: Tensor, index: Tensor, inverse: Tensor, fill: float) -> Tensor:
    if len(index) > len(inverse):  # to the layout that has room for padding
        x = torch.cat((x, x.new_full((1, x.shape[1]), fill)))
    return x.index_select(0, index)


class PaddedFrames:
    """All frames of a batch as rows ``(N * T, C)``, the padding masked wherever it could be seen (ours).

    Nothing here depends on values of the mask, so that a GPU need not wait and graphs can be compiled and
    exported; :class:`PackedFrames` does the same on valid frames only.

    Parameters
    ----------
    mask : (N, T) bool, True = valid
    """

    def __init__(self, mask: Tensor):
        self.shape = mask.shape
        self.valid = mask.flatten().unsqueeze(1)
        self.count = mask.sum(1, keepdim=True).clamp(min=1)

    def rows(self, x: Tensor) -> Tensor:
        """(N * T, C) rows of ``x`` (N, T, C)."""
        return x.flatten(0, 1)

    def padded(self, rows: Tensor, fill: float = 0.0) -> Tensor:
        """(N, T, C) frames with ``fill`` where no frame is valid."""
        return rows.masked_fill(~self.valid, fill).reshape(*self.shape, -1)

    def convolve(self, conv: TimeConv, rows: Tensor) -> Tensor:
        """``conv`` over the time of every word."""
        if conv.kernel_size == (1,):
            return conv(rows.reshape(*self.shape, -1)).flatten(0, 1)
        return conv(self.padded(rows)).flatten(0, 1)

    def mean(self, rows: Tensor) -> Tensor:
        """(N, C) mean over the valid frames of every word, 0 for a word without any."""
        return self.padded(rows).sum(1) / self.count

    def spread(self, values: Tensor) -> Tensor:
        """(N * T, C) rows, each its word's row of ``values`` (N, C)."""
        return values.unsqueeze(1).expand(-1, self.shape[1], -1).flatten(0, 1)


Frames = PackedFrames | PaddedFrames


def lay_out(mask: Tensor, gap: int = 0) -> Frames:
    """Packed on a CPU, where padding costs time; padded on a GPU and in compiled or exported graphs.

    ``mask`` is (N, T) bool; ``gap`` as in :class:`PackedFrames`.
    """
    return PackedFrames(mask, gap) if values_on_host(mask) else PaddedFrames(mask)
