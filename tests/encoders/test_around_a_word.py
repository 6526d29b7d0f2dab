import pytest
import torch

from kwskit.encoders.blocks.around_a_word import around_a_word

LENS = torch.tensor([9, 1, 16, 8])


def mels(seed=0):
    return torch.randn(4, 17, 32, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("past", [68, 52, 0])
def test_a_word_stands_in_silence_until_its_last_window_ends(past):
    words = mels()
    found = around_a_word(words, LENS, past)
    assert found.shape == (4, 68 + 8 * 3, 32)  # 17 frames are three steps
    for row, word, count in zip(found, words, LENS.tolist(), strict=True):
        expected = torch.full((92, 32), word[:count].max().item() - 8)
        expected[past : past + count] = word[:count]
        assert torch.equal(row, expected)


def test_what_is_behind_a_word_is_not_heard():
    words = mels()
    louder = torch.where((torch.arange(17) >= LENS[:, None])[..., None], 1e6, words)
    assert torch.equal(around_a_word(louder, LENS, 52), around_a_word(words, LENS, 52))


def test_other_words_before_it():
    torch.manual_seed(3)
    found, silent = around_a_word(mels(), LENS, 68, after_words=1.0), around_a_word(mels(), LENS, 68)
    assert torch.equal(found[:, 68:], silent[:, 68:])
    assert not torch.equal(found[:, :68], silent[:, :68])
