"""Two acoustic encoders, added."""

import torch.nn.functional as F
from torch import Tensor, nn

from kwskit.batch import length_mask
from kwskit.registry import register


@register("encoder", "two_stream")
class TwoStream(nn.Module):
    """Sum of two encoders' frames: ``(N, T, F1 + F2), (N,) -> (N, T', dim), (N,)``.

    Needs ``!frontend:two_stream``; the first encoder reads the first front end's features and tells the
    number of frames, to which the second's are cut or continued by 0. PhonMatchNet (Lee and Cho 2023) adds a
    convolutional stream (``!encoder:conv_gru``) and the speech embedding (``!encoder:speech_embedding``),
    which both give ``ceil(T / 2)`` frames.

    Parameters
    ----------
    first, second : the encoders, of the same ``dim``
    """

    def __init__(self, first: nn.Module, second: nn.Module):
        super().__init__()
        if first.dim != second.dim:
            raise ValueError(f"both encoders must have the same dim to be added, not {first.dim} and {second.dim}")
        self.first, self.second = first, second
        self.dim = first.dim
        self.num_features = first.num_features + second.num_features  # type: ignore[operator]  # every encoder has it

    def forward(self, feats: Tensor, lens: Tensor) -> tuple[Tensor, Tensor]:
        size = self.first.num_features
        frames, frame_lens = self.first(feats[..., :size], lens)
        other, _ = self.second(feats[..., size:], lens)
        total = frames + F.pad(other, (0, 0, 0, frames.shape[1] - other.shape[1]))
        return total.masked_fill(~length_mask(frame_lens, frames.shape[1]).unsqueeze(-1), 0.0), frame_lens
