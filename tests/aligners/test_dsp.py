import pytest
import torch

from kwskit.aligners.dynamic_programming.frame_owners import feasible
from kwskit.registry import build

TEXT_LENS, AUDIO_LENS = torch.tensor([4, 2, 1, 3]), torch.tensor([7, 5, 2, 2])
TEXT_MASK, AUDIO_MASK = torch.arange(4) < TEXT_LENS[:, None], torch.arange(7) < AUDIO_LENS[:, None]
FRAMES = torch.tensor([[[0, 1], [0, 1], [1, 1], [1, 0], [1, 0.2], [0, -1]]], dtype=torch.float64)
TOKENS = torch.tensor([[[0, 1], [1, 0], [0, -1]]], dtype=torch.float64)
COSTS = ["path", "segment_mean"]


def inputs(dtype=torch.float32):
    generator = torch.Generator().manual_seed(1)
    return (torch.randn(4, size, 5, generator=generator, dtype=dtype) for size in (4, 7))


def align(cost, text, audio, text_mask=TEXT_MASK, audio_mask=AUDIO_MASK):
    ids = torch.zeros(text.shape[:2], dtype=torch.long)
    return build("aligner", "dsp", cost=cost)(text, text_mask, audio, audio_mask, ids)


@pytest.mark.parametrize("cost", COSTS)
def test_stated_segments(cost):
    aligned, affinity = align(cost, TOKENS, FRAMES, torch.ones(1, 3).bool(), torch.ones(1, 6).bool())
    third = 1 / 3
    expected = [[[0.5, 0.5, 0, 0, 0, 0], [0, 0, third, third, third, 0], [0, 0, 0, 0, 0, 1.0]]]
    torch.testing.assert_close(affinity, torch.tensor(expected, dtype=torch.float64))
    torch.testing.assert_close(aligned, torch.tensor([[[0, 1], [1, 0.4], [0, -1]]], dtype=torch.float64))


@pytest.mark.parametrize("cost", COSTS)
def test_rows_sum_to_one_and_padding_never_matters(cost):
    text, audio = inputs()
    expected, affinity = align(cost, text, audio)
    possible = torch.tensor([True, True, True, False])  # the last has 3 tokens and 2 frames
    assert torch.equal(feasible(affinity, TEXT_MASK), possible)
    torch.testing.assert_close(affinity.sum(-1), (TEXT_MASK & possible[:, None]).float())
    assert not expected[~(TEXT_MASK & possible[:, None])].any()
    text[~TEXT_MASK], audio[~AUDIO_MASK] = torch.nan, torch.nan
    aligned, again = align(cost, text, audio)
    torch.testing.assert_close(aligned, expected)
    torch.testing.assert_close(again, affinity)


@pytest.mark.parametrize("cost", COSTS)
def test_gradients_reach_the_frames_and_not_the_text(cost):
    text, audio = (x.requires_grad_() for x in inputs(torch.float64))
    aligned, affinity = align(cost, text, audio)
    assert not affinity.requires_grad
    weights = torch.randn_like(aligned)
    (gradient,) = torch.autograd.grad((aligned * weights).sum(), audio)
    torch.testing.assert_close(gradient, affinity.transpose(1, 2) @ weights)


@pytest.mark.parametrize("cost", COSTS)
def test_bfloat16_autocast_averages_in_float32(cost):
    text, audio = (x.bfloat16() for x in inputs())
    expected = align(cost, text.float(), audio.float())
    with torch.autocast("cpu", torch.bfloat16):
        found = align(cost, text, audio)
    torch.testing.assert_close(found, expected)


def test_wrong_cost():
    with pytest.raises(ValueError, match="segment_mean"):
        build("aligner", "dsp", cost="mean")
