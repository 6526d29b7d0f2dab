"""The pooler my_part against a loop over utterances."""

from pathlib import Path

import torch

from kwskit import registry

registry.load_plugin(Path(__file__).with_name("my_part.py"))


def test_an_embedding_is_that_of_a_loop():
    frames = torch.randn(3, 9, 6, generator=torch.Generator().manual_seed(0))
    lens = [9, 4, 0]
    mask = torch.arange(9) < torch.tensor(lens)[:, None]
    embeddings = registry.build("pooler", "my_part", dim=6)(frames, mask)
    for row, length in enumerate(lens):
        expected = [max(frames[row, :length, column].tolist(), default=0.0) for column in range(6)]
        assert embeddings[row].tolist() == expected
