import torch
from torch import nn

from kwskit.registry import build


def torch_block(block):
    conv = nn.Conv1d(
        block.conv.in_channels,
        block.conv.out_channels,
        block.conv.kernel_size,
        block.conv.stride,
        block.conv.kernel_size[0] // 2,
        groups=block.conv.groups,
    )
    conv.load_state_dict(block.conv.state_dict())
    return nn.Sequential(conv, nn.BatchNorm1d(conv.out_channels), nn.ReLU())


def test_equals_torch_layers():
    torch.manual_seed(0)
    encoder = build("encoder", "mobilenet", channels=8, strides=[2, 1], dim=5)
    feats = torch.randn(3, 21, 40)
    x = torch_block(encoder.stem)(feats.transpose(1, 2))
    x = torch_block(encoder.pointwise[0])(torch_block(encoder.depthwise[0])(x))
    x = x + torch_block(encoder.pointwise[1])(torch_block(encoder.depthwise[1])(x))
    frames, lens = encoder(feats, torch.tensor([21, 21, 21]))
    assert lens.tolist() == [11, 11, 11]
    torch.testing.assert_close(frames, encoder.project(x.transpose(1, 2)), rtol=1e-4, atol=1e-5)


def test_small_with_its_text_encoder():
    """About 155 thousand parameters with two small bidirectional layers for the text."""
    speech = build("encoder", "mobilenet")
    text = build("text_encoder", "bilstm", num_tokens=44, embedding_dim=48, hidden=40, layers=2, dim=64)
    assert sum(p.numel() for p in speech.parameters()) == 40 * 5 * 96 + 3 * 96 + 4 * (12 * 96 + 99 * 96) + 97 * 64
    assert 140_000 < sum(p.numel() for part in (speech, text) for p in part.parameters()) < 170_000
