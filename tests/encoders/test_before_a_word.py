import pytest
import torch

from kwskit.encoders.blocks.around_a_word import before_a_word

LENS = torch.tensor([3, 9, 5, 7])


def before(share, seed=0, past=6):
    feats = torch.arange(4.0)[:, None, None] * 100 + torch.arange(9.0)[None, :, None] + torch.tensor([0.0, 0.5])
    feats.masked_fill_(torch.arange(9)[None, :, None] >= LENS[:, None, None], 1e6)
    silence = torch.tensor([-10.0, -20.0, -30.0, -40.0])[:, None, None]
    torch.manual_seed(seed)
    return before_a_word(feats, LENS, past, silence, share), feats, silence


def test_silence_alone():
    found, _, silence = before(0.0)
    assert torch.equal(found, silence.expand(4, 6, 2))


@pytest.mark.parametrize("seed", range(8))
def test_the_end_of_another_word_or_silence(seed):
    """By a loop: each word has the end of some word, scaled towards its own silence, that word's own length long."""
    found, feats, silence = before(0.999, seed)
    others = []
    for row, level in zip(found, silence, strict=True):
        fits = []
        for other, length in enumerate(LENS.tolist()):
            heard = min(6, length)
            ends = feats[other, length - heard : length] - level
            loudness = (row[-1, 0] - level) / ends[-1, 0]
            quiet = torch.cat([level.expand(6 - heard, 2), level + loudness * ends])
            fits.append(0 <= loudness <= 1 and torch.allclose(row, quiet, rtol=1e-4, atol=1e-3))
        others.append(fits.index(True))
    assert sorted(others) == [0, 1, 2, 3]  # one after another


def test_a_share_of_the_words():
    found = torch.cat([(before(0.3, seed)[0] != before(0.0)[0]).any(1).any(1) for seed in range(300)])
    assert 0.25 < found.float().mean() < 0.35


def test_never_deeper_than_a_words_own_silence():
    found, _, silence = before(0.999)
    assert (found >= silence).all()
    loud = torch.zeros(2, 4, 1)
    assert (before_a_word(loud - 50, torch.tensor([4, 4]), 3, torch.full((2, 1, 1), -5.0), 0.999) == -5).all()
