"""ECAPA-TDNN acoustic encoder."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from kwskit.arguments import PositiveInt
from kwskit.batch import length_mask
from kwskit.encoders.blocks.frames import Frames, lay_out
from kwskit.encoders.blocks.tdnn_block import TdnnBlock
from kwskit.encoders.blocks.time_conv import TimeConv
from kwskit.registry import register


class SERes2Block(nn.Module):
    """1x1 convolution, dilated Res2 convolutions, 1x1 convolution, squeeze-excitation, residual.

    Rows ``(M, C) -> (M, C)``. The Res2 part splits the channels into ``scale`` groups; the first passes
    through, every other is convolved after adding the previous group's result. Source: Desplanques et al.
    2020, section 3.2 and figure 2.

    Parameters
    ----------
    channels : C, a multiple of ``scale``
    dilation : frames between the three taps
    scale : groups of the Res2 part
    se_channels : bottleneck of the squeeze-excitation
    """

    def __init__(self, channels: int, dilation: int, scale: int = 8, se_channels: int = 128):
        if channels % scale:
            raise ValueError(f"channels must be a multiple of scale: {channels} is no multiple of {scale}")
        super().__init__()
        self.scale = scale
        self.expand = TdnnBlock(channels, channels)
        self.branches = nn.ModuleList(
            TdnnBlock(channels // scale, channels // scale, 3, dilation) for _ in range(scale - 1)
        )
        self.merge = TdnnBlock(channels, channels)
        self.squeeze = nn.Linear(channels, se_channels)
        self.excite = nn.Linear(se_channels, channels)

    def forward(self, rows: Tensor, frames: Frames) -> Tensor:
        groups = self.expand(rows, frames).chunk(self.scale, dim=1)
        done = [groups[0], self.branches[0](groups[1], frames)]
        for branch, group in zip(self.branches[1:], groups[2:], strict=True):
            done.append(branch(group + done[-1], frames))
        merged = self.merge(torch.cat(done, dim=1), frames)
        gate = torch.sigmoid(self.excite(self.squeeze(frames.mean(merged)).relu()))
        return torch.addcmul(rows, merged, frames.spread(gate).to(merged.dtype))


@register("encoder", "ecapa")
class Ecapa(nn.Module):
    """ECAPA-TDNN with a frame-level output and no subsampling: ``(N, T, F), (N,) -> (N, T, dim), (N,)``.

    Convolution over 5 frames, SE-Res2Blocks, multi-layer feature aggregation (MFA) of their outputs, and a
    linear layer to ``dim``. The frames are tapped here, before any pooling. Convolutions are zero padded at
    both ends of the word, and padding frames never touch valid ones, in training neither: the statistics of
    batch normalisation are those of valid frames. Source: Desplanques et al. 2020; the layout with the
    linear tap is a reconstruction of ADML's "256 filters, 1.8 M parameters, 256 dimensions": with the
    defaults and ``!pooler:ccsp`` it has 1,767,136.

    Parameters
    ----------
    num_features : F, size of an input frame
    channels : filters of the first convolution and of the blocks
    mfa_channels : filters of the aggregation
    dim : size of an output frame
    dilations : one SE-Res2Block for each, frames between its taps
    scale : groups of a Res2 convolution
    se_channels : bottleneck of the squeeze-excitation
    """

    def __init__(
        self,
        num_features: PositiveInt = 40,
        channels: PositiveInt = 256,
        mfa_channels: PositiveInt = 768,
        dim: PositiveInt = 256,
        dilations: Sequence[PositiveInt] = (2, 3, 4),
        scale: PositiveInt = 8,
        se_channels: PositiveInt = 128,
    ):
        super().__init__()
        self.num_features = num_features
        self.dim = dim
        self.stem = TdnnBlock(num_features, channels, kernel_size=5)
        self.blocks = nn.ModuleList(SERes2Block(channels, dilation, scale, se_channels) for dilation in dilations)
        self.mfa = TdnnBlock(channels * len(self.blocks), mfa_channels)
        self.project = TimeConv(mfa_channels, dim)
        # Frames that the widest convolution reaches to one side.
        self.reach = max(2, *dilations)

    def forward(self, feats: Tensor, lens: Tensor) -> tuple[Tensor, Tensor]:
        frames = lay_out(length_mask(lens, feats.shape[1]), self.reach)
        rows = self.stem(frames.rows(feats), frames)
        outputs = []
        for block in self.blocks:
            rows = block(rows, frames)
            outputs.append(rows)
        rows = self.mfa(torch.cat(outputs, dim=1), frames)
        return frames.padded(frames.convolve(self.project, rows)), lens
