"""SE-Res2Block of ECAPA-TDNN."""

import torch
from torch import Tensor, nn

from kwskit.encoders.tdnn_block import TdnnBlock


class SERes2Block(nn.Module):
    """1x1 convolution, dilated Res2 convolutions, 1x1 convolution, squeeze-excitation, residual.

    ``(N, T, C) -> (N, T, C)``. The Res2 part splits the channels into ``scale`` groups; the first passes
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

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        groups = self.expand(x, mask).chunk(self.scale, dim=-1)
        done = [groups[0], self.branches[0](groups[1], mask)]
        for branch, group in zip(self.branches[1:], groups[2:], strict=True):
            done.append(branch(group + done[-1], mask))
        y = self.merge(torch.cat(done, dim=-1), mask)
        mean = y.sum(1) / mask.sum(1, keepdim=True).clamp(min=1)
        gate = torch.sigmoid(self.excite(self.squeeze(mean).relu()))
        return torch.addcmul(x, y, gate.unsqueeze(1))
