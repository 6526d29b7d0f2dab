"""How a loss reads embeddings that mixed precision has produced."""

from functools import partial
from typing import Any

import torch
from torch import Tensor

from kwskit.batch import Embeddings, Match
from kwskit.numerics import at_least_float32


class Float32View:
    """Embeddings read as float32 or wider, to be used where autocast is off.

    Pooling and alignment are lazy, so a loss may be the first to ask for them; they still run under the
    autocast that was on when this view was made, since their weights and inputs may differ in dtype.

    Parameters
    ----------
    embeddings : :class:`~kwskit.batch.Embeddings`; whatever it computes is cached there, for every loss
    """

    def __init__(self, embeddings: Embeddings):
        self._embeddings = embeddings
        word = embeddings.word  # always at hand, unlike frames that are gathered on demand
        self.device_type = "cpu" if word.is_meta else word.device.type  # without values there is no autocast either
        self._enabled = torch.is_autocast_enabled(self.device_type)
        self._dtype = torch.get_autocast_dtype(self.device_type)

    def __getattr__(self, name: str) -> Any:
        return self._read(getattr, self._embeddings, name)

    def _read(self, function: Any, *arguments: Any) -> Any:
        with torch.autocast(self.device_type, dtype=self._dtype, enabled=self._enabled):
            value = function(*arguments)
        if isinstance(value, Tensor):
            return at_least_float32(value)
        if isinstance(value, Match):
            logits = value.token_logits
            return Match(at_least_float32(value.score), None if logits is None else at_least_float32(logits))
        if isinstance(value, tuple):
            return tuple(at_least_float32(part) for part in value)
        return partial(self._read, value) if callable(value) else value
