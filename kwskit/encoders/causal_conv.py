"""Acoustic encoder of convolutions that look back, and a little ahead."""

import math
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from kwskit.arguments import NonNegativeFloat, NonNegativeInt, PositiveInt
from kwskit.batch import length_mask
from kwskit.encoders.blocks.around_a_word import before_a_word
from kwskit.encoders.blocks.masked_batch_norm import MaskedBatchNorm
from kwskit.encoders.blocks.time_conv import TimeConv
from kwskit.registry import register
from kwskit.stream_shape import FrameSteps


class CausalBlock(nn.Module):
    """Depthwise and pointwise convolution over what has been heard: ``(N, past + T, C) -> (N, T, C)`` (ours).

    Nothing lies between the two (as in Chollet 2017); batch normalisation and ReLU follow, and the frame itself is
    added to the result.

    Parameters
    ----------
    channels : C
    kernel_size : odd number of taps of the depthwise convolution
    dilation : frames between taps
    """

    def __init__(self, channels: int, kernel_size: int, dilation: int):
        super().__init__()
        self.past = dilation * (kernel_size - 1)
        self.depthwise = TimeConv(channels, channels, kernel_size, dilation, groups=channels, padded=False)
        self.pointwise = TimeConv(channels, channels)
        self.norm = MaskedBatchNorm(channels)

    def forward(self, frames: Tensor, valid: Tensor) -> Tensor:
        """``valid`` (N, T or more) bool: batch normalisation takes its statistics of these; its end is that of T."""
        x = self.pointwise(self.depthwise(frames))
        return normalised(x, self.norm, valid).relu() + frames[:, self.past :]


def normalised(frames: Tensor, norm: MaskedBatchNorm, valid: Tensor) -> Tensor:
    """``frames`` (N, T, C) through ``norm``, with the statistics of the last T columns of ``valid`` (N, T or more)."""
    rows = valid[:, valid.shape[1] - frames.shape[1] :].flatten().unsqueeze(1)
    return norm(frames.flatten(0, 1), rows).view_as(frames)


@register("encoder", "causal_conv")
class CausalConv(nn.Module):
    """Causal separable convolutions, for streams: ``(N, T, F), (N,) -> (N, ceil(T / stride), dim), (N,)`` (ours).

    Batch normalisation of the features, which are best not mean-normalised: that needs a whole utterance. Then a
    convolution over three groups of ``stride`` features, dilated depthwise separable blocks with residuals (as in
    Howard et al. 2017 and Bai et al. 2018), and a linear layer. A frame sees 86 features (0.87 s) with the defaults,
    which have 153 thousand parameters; ``ahead`` of them lie after it, and a stream waits for these. What lies before
    an utterance is filled in once, as features of silence, so that its frames are those of a stream that begins with
    it. Padding never touches valid frames, in training neither, and comes out as 0.

    Parameters
    ----------
    num_features : F, size of an input frame
    channels : of the convolutions
    dilations : one block for each, in frames
    kernel_size : odd number of taps of the depthwise convolutions
    stride : input frames an output frame
    dim : size of an output frame
    silence : value of a feature of silence; the default is the floor of ``!frontend:log_mel``
    ahead : features after a frame's own that it sees; as many fewer before it
    after_words : share of words that in training come after another word rather than after silence, as in a stream
    """

    def __init__(
        self,
        num_features: PositiveInt = 40,
        channels: PositiveInt = 128,
        dilations: Sequence[PositiveInt] = (1, 1, 2, 2, 2, 2),
        kernel_size: PositiveInt = 5,
        stride: PositiveInt = 2,
        dim: PositiveInt = 128,
        silence: float = math.log(1e-6),
        after_words: NonNegativeFloat = 0.0,
        ahead: NonNegativeInt = 0,
    ):
        super().__init__()
        self.num_features = num_features
        self.dim = dim
        self.stride = stride
        self.silence = silence
        self.after_words = after_words
        self.feature_norm = MaskedBatchNorm(num_features)
        self.stem = TimeConv(stride * num_features, channels, 3, padded=False)
        self.stem_norm = MaskedBatchNorm(channels)
        self.blocks = nn.ModuleList(CausalBlock(channels, kernel_size, dilation) for dilation in dilations)
        self.project = nn.Linear(channels, dim)
        seen = stride * (2 + sum(block.past for block in self.blocks))  # type: ignore[misc]
        if ahead > seen:
            raise ValueError(f"ahead is at most the {seen} features that a frame sees besides its own, not {ahead}")
        self.past, self.ahead = seen - ahead, ahead

    @property
    def stream(self) -> FrameSteps:
        """How frames of a stream are made."""
        after_words = self.after_words > 0
        return FrameSteps(
            self.stride, self.past, 1, self.dim, ahead=self.ahead, silence=self.silence, after_words=after_words
        )

    def stream_frames(self, feats: Tensor) -> Tensor:
        """Frames (N, n, dim) of features (N, past + stride * n + ahead, F), as ``stream`` has it."""
        return self.encode(feats, torch.ones_like(feats[..., 0], dtype=torch.bool))

    def forward(self, feats: Tensor, lens: Tensor) -> tuple[Tensor, Tensor]:
        valid = length_mask(lens, feats.shape[1])
        feats = feats.masked_fill(~valid.unsqueeze(-1), self.silence)
        silence = feats.new_full((1, 1, 1), self.silence)
        share = self.after_words if self.training else 0.0
        before = before_a_word(feats, lens, self.past, silence, share)
        after = -feats.shape[1] % self.stride + self.ahead
        feats = F.pad(torch.cat((before, feats), dim=1), (0, 0, 0, after), value=self.silence)
        frames = self.encode(feats, F.pad(valid, (self.past, after)))
        lens = (lens + self.stride - 1).div(self.stride, rounding_mode="floor")
        return frames.masked_fill(~length_mask(lens, frames.shape[1]).unsqueeze(-1), 0.0), lens

    def encode(self, feats: Tensor, valid: Tensor) -> Tensor:
        """(N, n, dim); ``valid`` (N, past + stride * n + ahead) bool: the features that batch normalisation is by."""
        feats = normalised(feats, self.feature_norm, valid)
        frames = self.stem(feats.reshape(feats.shape[0], -1, self.stride * self.num_features))
        # A frame is a word's where the first of the last features that it sees is: without ``ahead``, its own.
        valid = valid[:, :: self.stride]
        frames = normalised(frames, self.stem_norm, valid).relu()
        for block in self.blocks:
            frames = block(frames, valid)
        return self.project(frames)
