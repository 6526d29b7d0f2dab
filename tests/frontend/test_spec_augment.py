import pytest
import torch

from kwskit.frontend.spec_augment import SpecAugment


def stretches(hidden):
    """Lengths of the runs of True."""
    runs, length = [], 0
    for value in [*hidden, False]:
        if value:
            length += 1
        elif length:
            runs.append(length)
            length = 0
    return runs


def test_masks_stay_within_the_utterance_and_their_sizes():
    lens = torch.randint(20, 60, (64,), generator=torch.Generator().manual_seed(0))
    feats = torch.ones(64, 60, 40) * (torch.arange(60) < lens[:, None])[:, :, None]
    masked = SpecAugment(time_masks=1, freq_masks=1, max_time=8, max_freq=5, max_share=0.25)(
        feats, lens, torch.Generator().manual_seed(1)
    )
    seen_time, seen_freq = set(), set()
    for row, size in zip(masked, lens.tolist(), strict=True):
        assert (row[size:] == 0).all()
        time = stretches((row[:size] == 0).all(dim=1).tolist())
        freq = stretches((row[:size] == 0).all(dim=0).tolist())
        assert len(time) <= 1
        assert len(freq) <= 1
        assert sum(time) <= min(8, size // 4)
        assert sum(freq) <= 5
        # Everything that is hidden belongs to a whole frame or a whole band.
        frames, bands = (row[:size] == 0).all(dim=1), (row[:size] == 0).all(dim=0)
        assert torch.equal(row[:size] == 0, frames[:, None] | bands[None])
        seen_time.update(time)
        seen_freq.update(freq)
    assert max(seen_freq) == 5
    assert max(seen_time) == 8


@pytest.mark.parametrize(
    "arguments", [{"prob": 0.0}, {"time_masks": 0, "freq_masks": 0}, {"max_time": 0, "max_freq": 0}]
)
def test_can_be_turned_off(arguments):
    feats = torch.randn(4, 30, 40)
    assert torch.equal(SpecAugment(**arguments)(feats, torch.full((4,), 30), torch.Generator().manual_seed(0)), feats)


def test_masks_reach_the_first_and_the_last_frame_alike():
    feats = torch.ones(4000, 20, 8)
    masked = SpecAugment(time_masks=1, freq_masks=0, max_time=4, max_share=1.0)(
        feats, torch.full((4000,), 20), torch.Generator().manual_seed(0)
    )
    hidden = (masked == 0).all(dim=2).float().mean(dim=0)
    assert hidden[0] > 0.02
    assert hidden[0].item() == pytest.approx(hidden[-1].item(), abs=0.02)


def test_is_a_function_of_the_generator_and_leaves_its_input():
    feats, lens = torch.randn(8, 50, 40), torch.full((8,), 50)
    kept = feats.clone()
    augment = SpecAugment(prob=0.7)
    first, again, other = (augment(feats, lens, torch.Generator().manual_seed(s)) for s in (1, 1, 2))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert torch.equal(feats, kept)


def test_gradients_pass_where_nothing_is_hidden():
    feats = torch.randn(3, 30, 10, requires_grad=True)
    out = SpecAugment()(feats, torch.full((3,), 30), torch.Generator().manual_seed(1))
    out.sum().backward()
    assert torch.equal(feats.grad, (out != 0).float())


def test_negative_sizes_are_refused():
    with pytest.raises(ValueError, match="max_freq must be a whole number of at least 0, not -1"):
        SpecAugment(max_freq=-1)
