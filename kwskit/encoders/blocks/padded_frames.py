"""Frames of a padded batch, padding included, behind the interface of PackedFrames."""

from torch import Tensor

from kwskit.encoders.blocks.time_conv import TimeConv


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
