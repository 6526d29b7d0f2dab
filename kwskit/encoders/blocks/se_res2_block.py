"""SE-Res2Block of ECAPA-TDNN."""

import torch
from torch import Tensor, nn

from kwskit.encoders.blocks.frames import Frames
from kwskit.encoders.blocks.tdnn_block import TdnnBlock


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
