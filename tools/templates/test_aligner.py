"""The aligner my_part against a loop over tokens."""

from pathlib import Path

import torch

from kwskit import registry

registry.load_plugin(Path(__file__).with_name("my_part.py"))


def test_tokens_and_affinity_are_those_of_a_loop():
    generator = torch.Generator().manual_seed(0)
    tokens, frames = torch.randn(2, 3, 5, generator=generator), torch.randn(2, 7, 5, generator=generator)
    text_lens, audio_lens = [3, 2], [7, 4]
    text_mask = torch.arange(3) < torch.tensor(text_lens)[:, None]
    audio_mask = torch.arange(7) < torch.tensor(audio_lens)[:, None]
    aligned, affinity = registry.build("aligner", "my_part")(tokens, text_mask, frames, audio_mask)
    assert affinity.shape == (2, 3, 7)
    for row in range(2):
        for token in range(3):
            valid = token < text_lens[row]
            expected = frames[row, : audio_lens[row]].mean(0) if valid else torch.zeros(5)
            torch.testing.assert_close(aligned[row, token], expected)
            assert round(float(affinity[row, token].sum()), 5) == valid
            assert not affinity[row, token, audio_lens[row] :].any()
