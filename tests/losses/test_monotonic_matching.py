import math

import pytest
import torch

from kwskit.batch import length_mask
from kwskit.embeddings import BatchEmbeddings
from kwskit.losses.monotonic_matching import MonotonicMatching, block_target, gauss_target, guide_weights


def ones(*shape):
    return torch.ones(1, *shape, dtype=torch.bool)


def aligned(affinity, token_lens, frame_lens, matched=None):
    """Embeddings that know an affinity (N, T_t, T_a) and nothing else."""
    count, tokens, frames = affinity.shape
    return BatchEmbeddings(
        audio_frames=torch.zeros(count, frames, 2),
        audio_mask=length_mask(torch.tensor(frame_lens), frames),
        text_tokens=torch.zeros(count, tokens, 2),
        text_mask=length_mask(torch.tensor(token_lens), tokens),
        token_ids=torch.zeros(count, tokens, dtype=torch.long),
        word=torch.arange(count),
        pool_audio=lambda frames, mask: frames.mean(1),
        pool_text=lambda tokens, mask: tokens.mean(1),
        align=lambda *parts: (torch.zeros(count, tokens, 2), affinity),
        matched=None if matched is None else torch.tensor(matched),
    )


def test_stated_targets():
    block = block_target(ones(2), ones(4), torch.float64)[0]
    assert block.tolist() == [[0.5, 0.5, 0, 0], [0, 0, 0.5, 0.5]]
    third = 1 / 3
    block = block_target(ones(3), ones(7), torch.float64)[0]
    assert block.flatten().tolist() == pytest.approx(
        [third, third, third, 0, 0, 0, 0, 0, 0, 0, 0.5, 0.5, 0, 0, 0, 0, 0, 0, 0, 0.5, 0.5]
    )
    row = [0.4506897893127899, 0.4506897893127899, 0.09446971191268995, 0.0041507094617302814]
    gauss = gauss_target(ones(2), ones(4), 0.2, torch.float64)[0]
    torch.testing.assert_close(gauss, torch.tensor([row, row[::-1]]), atol=1e-12, rtol=0)
    near, middle, far = 0.5421666382283856, 0.9560630663765926, 0.9991161736930649
    stated = torch.tensor([[0.0, near, middle, far], [middle, near, 0.0, near]])
    weights = guide_weights(ones(2), ones(4), 0.2, torch.float64)[0]
    torch.testing.assert_close(weights, stated, atol=1e-12, rtol=0)


@pytest.mark.parametrize(
    ("target", "value"), [("block", 0.0625), ("gauss", 0.04129608180987905), ("guided", 0.14180444441035647)]
)
def test_stated_values_of_a_uniform_affinity(target, value):
    loss = MonotonicMatching(target)
    assert loss(aligned(torch.full((1, 2, 4), 0.25), [2], [4])).item() == pytest.approx(value, abs=1e-9)


@pytest.mark.parametrize("target", ["block", "gauss", "guided"])
def test_reductions_differ_by_the_number_of_cells_and_frames(target):
    """The stated values over 2 x 4 cells, times 4 frames and times 8 cells."""
    uniform = aligned(torch.full((1, 2, 4), 0.25), [2], [4])
    value = {"block": 0.0625, "gauss": 0.04129608180987905, "guided": 0.14180444441035647}[target]
    for reduction, times in {"cell": 1, "token": 4, "frobenius": 8}.items():
        loss = MonotonicMatching(target, reduction=reduction)
        assert loss(uniform).item() == pytest.approx(times * value, abs=1e-9)


def by_loops(affinity, tokens, frames, target, sigma, reduction="cell"):
    total = 0.0
    for i in range(tokens):
        if target == "block":
            goal = [float(j * tokens // frames == i) for j in range(frames)]
        else:
            goal = [math.exp(-(((i + 0.5) / tokens - (j + 0.5) / frames) ** 2) / (2 * sigma**2)) for j in range(frames)]
        for j in range(frames):
            a = affinity[i, j].item()
            if target == "guided":
                total += a * (1 - math.exp(-((i / tokens - j / frames) ** 2) / (2 * sigma**2)))
            else:
                total += (a - goal[j] / sum(goal)) ** 2
    return total / {"cell": tokens * frames, "token": tokens, "frobenius": 1}[reduction]


@pytest.mark.parametrize("reduction", ["cell", "token", "frobenius"])
@pytest.mark.parametrize("target", ["block", "gauss", "guided"])
def test_equals_loops_over_valid_cells(target, reduction):
    affinity = torch.rand(4, 3, 9)
    lens = [(3, 9), (2, 5), (3, 2), (1, 1)]  # the third has fewer frames than tokens
    value = MonotonicMatching(target, 0.13, reduction=reduction)(aligned(affinity, *zip(*lens, strict=True)))
    used = [by_loops(a, *n, target, 0.13, reduction) for a, n in zip(affinity, lens, strict=True) if n[0] <= n[1]]
    assert value.item() == pytest.approx(sum(used) / 3, abs=1e-9)


@pytest.mark.parametrize("target", ["gauss", "guided"])
def test_a_width_in_tokens_is_that_of_each_word(target):
    affinity = torch.rand(3, 3, 9)
    lens = [(3, 9), (2, 5), (1, 4)]
    value = MonotonicMatching(target, 0.5, "tokens")(aligned(affinity, *zip(*lens, strict=True)))
    expected = [by_loops(a, *n, target, 0.5 / n[0]) for a, n in zip(affinity, lens, strict=True)]
    assert value.item() == pytest.approx(sum(expected) / 3, abs=1e-9)


@pytest.mark.parametrize(("sigma", "share"), [(0.2, 0.393), (0.5 / 6, 0.727)])
def test_how_much_of_a_row_falls_on_its_own_frames(sigma, share):
    goal = gauss_target(ones(6), ones(60), sigma, torch.float64)[0]
    own = sum(goal[i, 10 * i : 10 * i + 10].sum().item() for i in range(6)) / 6
    assert own == pytest.approx(share, abs=0.001)


@pytest.mark.parametrize("target", ["block", "gauss"])
def test_the_target_itself_costs_nothing(target):
    make = block_target if target == "block" else lambda *masks: gauss_target(*masks[:2], 0.2, masks[2])
    goal = make(ones(3), ones(8), torch.float64)
    assert MonotonicMatching(target)(aligned(goal, [3], [8])).item() == pytest.approx(0, abs=1e-15)


@pytest.mark.parametrize("target", ["block", "gauss", "guided"])
def test_unmatched_pairs_meet_noise_drawn_anew(target):
    affinity = torch.rand(2, 3, 6)
    loss = MonotonicMatching(target)
    matched = loss(aligned(affinity[:1], [3], [6])).item()
    both = aligned(affinity, [3, 2], [6, 4], matched=[True, False])
    torch.manual_seed(5)
    first, second = loss(both).item(), loss(both).item()
    assert first != second
    torch.manual_seed(5)
    noise = torch.rand(2, 3, 6)[1, :2, :4]
    noise = noise / noise.sum(1, keepdim=True)
    expected = (affinity[1, :2, :4] - noise).square().mean().item()
    assert first == pytest.approx((matched + expected) / 2, abs=1e-9)
    assert MonotonicMatching(target, unmatched="ignore")(both).item() == pytest.approx(matched, abs=1e-12)


def test_pairs_without_tokens_or_frames_give_zero_and_finite_gradients():
    affinity = torch.rand(3, 3, 6, requires_grad=True)
    for target in ("block", "gauss", "guided"):
        value = MonotonicMatching(target)(aligned(affinity, [0, 2, 3], [4, 0, 2], matched=[True, False, True]))
        (gradient,) = torch.autograd.grad(value, affinity)
        assert value.item() == 0
        assert (gradient == 0).all()


@pytest.mark.parametrize(
    "arguments",
    [{"target": "line"}, {"sigma": 0.0}, {"sigma_in": "frames"}, {"reduction": "sum"}, {"unmatched": "keep"}],
)
def test_impossible_arguments_are_refused(arguments):
    with pytest.raises(ValueError, match=next(iter(arguments))):
        MonotonicMatching(**arguments)
