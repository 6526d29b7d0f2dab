import pytest
import torch
from torch import nn

from kwskit.registry import build


def reference(encoder):
    """The same layers of torch's own, for one word."""
    layers = []
    for block in encoder.convolutions:
        conv = nn.Conv1d(
            block.conv.in_channels,
            block.conv.out_channels,
            block.conv.kernel_size,
            block.conv.stride,
            padding=block.conv.kernel_size[0] // 2,
        )
        conv.load_state_dict(block.conv.state_dict())
        layers += [conv, nn.BatchNorm1d(block.conv.out_channels), nn.ReLU()]
    return nn.Sequential(*layers)


@pytest.mark.parametrize("arguments", [{}, {"channels": [128, 128], "kernel_size": 3, "layers": 0, "dim": None}])
def test_equals_torch_layers(arguments):
    torch.manual_seed(1)
    encoder = build("encoder", "conv_gru", **arguments)
    feats = torch.randn(2, 37, 40)
    frames, lens = encoder(feats, torch.tensor([37, 37]))
    expected = reference(encoder)(feats.transpose(1, 2)).transpose(1, 2)
    if not arguments:
        expected = nn.functional.leaky_relu(encoder.project(encoder.gru(expected)[0]), 0.3)
    assert lens.tolist() == [19, 19]
    assert frames.shape == (2, 19, 128)
    torch.testing.assert_close(frames, expected, rtol=1e-4, atol=1e-5)


def test_parameters_of_the_paper_layout():
    """By hand: 40-128-256 convolutions with batch normalisation, two GRUs, a dense layer."""
    convolutions = (40 * 5 + 3) * 128 + (128 * 5 + 3) * 256
    grus = 3 * 128 * (256 + 128 + 2) + 3 * 128 * (128 + 128 + 2)
    encoder = build("encoder", "conv_gru")
    assert sum(p.numel() for p in encoder.parameters()) == convolutions + grus + 129 * 128


def test_as_many_strides_as_convolutions():
    with pytest.raises(ValueError, match="equally many"):
        build("encoder", "conv_gru", strides=[2])
