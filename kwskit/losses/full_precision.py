"""How a loss reads embeddings that mixed precision has produced."""

from typing import Any

import torch
from torch import Tensor

from kwskit.batch import Embeddings


class FullPrecision:
    """Embeddings read as float32 or wider, to be used where autocast is off.

    Pooling and alignment are lazy, so a loss may be the first to ask for them; they still run under the
    autocast that was on when this view was made, since their weights and inputs may differ in dtype.

    Parameters
    ----------
    embeddings : :class:`~kwskit.batch.Embeddings`; whatever it computes is cached there, for every loss
    """

    def __init__(self, embeddings: Embeddings):
        self._embeddings = embeddings
        self.device_type = embeddings.audio_frames.device.type
        self._enabled = torch.is_autocast_enabled(self.device_type)
        self._dtype = torch.get_autocast_dtype(self.device_type)

    def __getattr__(self, name: str) -> Any:
        value = self._under_autocast(getattr, self._embeddings, name)
        if isinstance(value, Tensor):
            return at_least_float32(value) if value.is_floating_point() else value
        if callable(value):
            return lambda *arguments: self._under_autocast(value, *arguments)
        return value

    def _under_autocast(self, function: Any, *arguments: Any) -> Any:
        with torch.autocast(self.device_type, dtype=self._dtype, enabled=self._enabled):
            return function(*arguments)


def at_least_float32(x: Tensor) -> Tensor:
    """``x`` in float32, or in float64 when it is float64."""
    return x if x.dtype == torch.float64 else x.float()
