"""The encoder my_part: its frames, and that they depend on their own utterance alone."""

from pathlib import Path

import pytest
import torch

from kwskit import registry

registry.load_plugin(Path(__file__).with_name("my_part.py"))
LENS = torch.tensor([20, 11])


@pytest.fixture
def encoder():
    torch.manual_seed(0)
    return registry.build("encoder", "my_part", num_features=8, dim=6)


@pytest.fixture
def feats():
    return torch.randn(2, 20, 8, generator=torch.Generator().manual_seed(1))


def test_a_frame_is_that_of_a_loop(encoder, feats):
    frames, lens = encoder(feats, LENS)
    assert lens.tolist() == [20, 11]
    frame = encoder.conv.bias.detach().clone()
    for offset in range(5):
        frame += encoder.conv.weight[:, :, offset].detach() @ feats[0, 9 - 2 + offset]
    torch.testing.assert_close(frames[0, 9].detach(), frame)


def test_an_utterance_is_encoded_alike_alone_and_in_a_batch(encoder, feats):
    frames, _ = encoder(feats, LENS)
    alone, _ = encoder(feats[1:, :11], LENS[1:])
    torch.testing.assert_close(frames[1, :11], alone[0])
    assert not frames[1, 11:].any()
