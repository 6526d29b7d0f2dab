"""Channel- and context-dependent statistics pooling."""

import torch
from torch import Tensor, nn

from kwskit.arguments import PositiveInt
from kwskit.encoders.blocks.frames import lay_out
from kwskit.encoders.blocks.masked_batch_norm import MaskedBatchNorm
from kwskit.encoders.blocks.time_conv import TimeConv
from kwskit.poolers.weighted_statistics import uniform_weights, weighted_statistics
from kwskit.registry import register


@register("pooler", "ccsp")
class Ccsp(nn.Module):
    """Channel- and context-dependent statistics pooling (CCSP): ``(N, T, in_dim), (N, T) -> (N, dim)``.

    Every channel has its own softmax over time, from a bottleneck that sees the frame and the mean and
    standard deviation of the whole utterance; the weighted mean and standard deviation go through batch
    normalisation and a linear layer. Source: Desplanques et al. 2020, section 3.1; ReLU and batch
    normalisation before tanh as in SpeechBrain's implementation.

    Parameters
    ----------
    in_dim : size of a frame
    dim : size of the embedding
    attention : bottleneck of the attention
    """

    def __init__(self, in_dim: PositiveInt = 256, dim: PositiveInt = 256, attention: PositiveInt = 128):
        super().__init__()
        self.dim = dim
        self.frame = TimeConv(in_dim, attention)
        # The part of the first layer that sees mean and deviation; they are equal for all frames of an
        # utterance, so its product is computed once, not once a frame.
        self.context = nn.Linear(2 * in_dim, attention, bias=False)
        self.attention_norm = MaskedBatchNorm(attention)
        self.score = TimeConv(attention, in_dim)
        self.norm = nn.BatchNorm1d(2 * in_dim)
        self.project = nn.Linear(2 * in_dim, dim)

    def forward(self, frames: Tensor, mask: Tensor) -> Tensor:
        frames = torch.where(mask.unsqueeze(-1), frames, 0.0)
        frames = frames if frames.dtype == torch.float64 else frames.float()
        context = torch.cat(weighted_statistics(frames, uniform_weights(mask, frames.dtype)), dim=-1)
        layout = lay_out(mask)
        hidden = layout.convolve(self.frame, layout.rows(frames)) + layout.spread(self.context(context))
        hidden = self.attention_norm(hidden.relu_(), layout.valid).tanh_()
        # A huge finite value rather than -inf: an utterance without frames then gives no NaN.
        scores = layout.padded(layout.convolve(self.score, hidden), fill=-1e30).to(frames.dtype)
        return self.project(self.norm(torch.cat(weighted_statistics(frames, scores.softmax(1)), dim=-1)))
