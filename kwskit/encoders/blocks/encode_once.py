"""Texts that a batch repeats, encoded once."""

from collections.abc import Callable

import torch
from torch import Tensor

from kwskit.batch import length_mask
from kwskit.numerics import values_on_host


def encode_once(encode: Callable[[Tensor, Tensor], Tensor], tokens: Tensor, lens: Tensor) -> Tensor:
    """``encode(tokens, lens)`` with padding tokens set to 0; on a CPU, of every different text once."""
    tokens = tokens.masked_fill(~length_mask(lens, tokens.shape[1]), 0)
    if not values_on_host(tokens):
        return encode(tokens, lens)
    texts, text = torch.cat((lens[:, None], tokens), dim=1).unique(dim=0, return_inverse=True)
    return encode(texts[:, 1:], texts[:, 0]).index_select(0, text)
