"""Small acoustic encoder of depthwise separable convolutions."""

from collections.abc import Sequence

from torch import Tensor, nn

from kwskit.arguments import PositiveInt
from kwskit.batch import length_mask
from kwskit.encoders.blocks.conv_block import ConvBlock
from kwskit.registry import register


@register("encoder", "mobilenet")
class MobileNet(nn.Module):
    """Separable convolutions for small devices: ``(N, T, F), (N,) -> (N, ceil(T / stride), dim), (N,)``.

    A convolution over 5 frames, then blocks of a depthwise and a pointwise convolution, each with batch
    normalisation and ReLU (Howard et al. 2017), a residual where sizes allow, and a linear layer. CTCAT (Jin
    et al. 2024) names MobileNet blocks and 155 thousand parameters with its text encoder; the layout is a
    reconstruction: the defaults have 68 thousand, which leaves 87 for the text. Padding never touches
    valid frames, in training neither, and comes out as 0.

    Parameters
    ----------
    num_features : F, size of an input frame
    channels : of the first convolution and the blocks
    strides : one block for each, after the first convolution; their product is the subsampling
    kernel_size : taps of the depthwise convolutions
    dim : size of an output frame
    """

    def __init__(
        self,
        num_features: PositiveInt = 40,
        channels: PositiveInt = 96,
        strides: Sequence[PositiveInt] = (2, 1, 1, 1),
        kernel_size: PositiveInt = 9,
        dim: PositiveInt = 64,
    ):
        super().__init__()
        self.num_features = num_features
        self.dim = dim
        self.stem = ConvBlock(num_features, channels, 5)
        self.depthwise = nn.ModuleList(
            ConvBlock(channels, channels, kernel_size, stride, groups=channels) for stride in strides
        )
        self.pointwise = nn.ModuleList(ConvBlock(channels, channels) for _ in strides)
        self.project = nn.Linear(channels, dim)

    def forward(self, feats: Tensor, lens: Tensor) -> tuple[Tensor, Tensor]:
        frames = feats.masked_fill(~length_mask(lens, feats.shape[1]).unsqueeze(-1), 0.0)
        frames, lens = self.stem(frames, lens)
        for depthwise, pointwise in zip(self.depthwise, self.pointwise, strict=True):
            skipped = frames
            frames, lens = depthwise(frames, lens)
            frames, lens = pointwise(frames, lens)
            if depthwise.stride == 1:
                frames = frames + skipped
        return self.project(frames).masked_fill(~length_mask(lens, frames.shape[1]).unsqueeze(-1), 0.0), lens
