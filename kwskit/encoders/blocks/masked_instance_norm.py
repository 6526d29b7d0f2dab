"""Instance normalisation that leaves padding out."""

import torch
from torch import Tensor, nn

from kwskit.batch import length_mask


class MaskedInstanceNorm(nn.Module):
    """Group normalisation of one channel a group, over an utterance's own frames: ``(N, C, T) -> (N, C, T)`` (ours).

    wav2vec 2.0, HuBERT and WavLM in their base size normalise each channel of the first convolution over time, padding
    included, so that an utterance in a batch comes out other than alone. Here it comes out as alone.

    Parameters
    ----------
    norm : the normalisation whose weights it takes over

    Attributes
    ----------
    lens : (N,) int64, frames of each utterance of the next call; None where all are its own
    """

    def __init__(self, norm: nn.GroupNorm):
        super().__init__()
        self.weight, self.bias, self.eps = norm.weight, norm.bias, norm.eps
        self.lens: Tensor | None = None

    def forward(self, x: Tensor) -> Tensor:
        wide = x.float()
        lens = torch.full_like(x[:, 0, 0], x.shape[2], dtype=torch.long) if self.lens is None else self.lens
        own = length_mask(lens, x.shape[2]).unsqueeze(1).to(wide.dtype)
        count = lens[:, None, None].clamp(min=1)
        centred = wide - (wide * own).sum(2, keepdim=True) / count
        variance = (centred.square() * own).sum(2, keepdim=True) / count
        scaled = centred * torch.rsqrt(variance + self.eps)
        return (scaled * self.weight[:, None] + self.bias[:, None]).to(x.dtype)
