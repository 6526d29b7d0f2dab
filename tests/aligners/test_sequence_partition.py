from itertools import combinations

import pytest
import torch

from kwskit.aligners.dynamic_programming.sequence_partition import partition_by_means, partition_by_path
from kwskit.numerics import unit

FRAMES = torch.tensor([[0, 1], [0, 1], [1, 1], [1, 0], [1, 0.2], [0, -1]], dtype=torch.float64)
TOKENS = torch.tensor([[0, 1], [1, 0], [0, -1]], dtype=torch.float64)
TOKEN_LENS, FRAME_LENS = torch.tensor([3, 1, 4, 2, 4, 0, 2, 2]), torch.tensor([7, 5, 4, 6, 3, 6, 0, 2])


def lens(*numbers):
    return torch.tensor(numbers)


def test_stated_path():
    similarity = unit(TOKENS) @ unit(FRAMES).T
    owner, score = partition_by_path(similarity[None], lens(3), lens(6))
    assert owner.tolist() == [[0, 0, 1, 1, 1, 2]]
    assert score.item() == pytest.approx(5.687687456877468, abs=1e-9)


def test_stated_segment_means():
    owner, cost = partition_by_means(TOKENS[None], lens(3), FRAMES[None], lens(6))
    assert owner.tolist() == [[0, 0, 1, 1, 1, 2]]
    assert cost.item() == pytest.approx(0.4, abs=1e-7)
    frames = torch.tensor([0, 0.1, 1, 1.1, 0.9], dtype=torch.float64)[None, :, None]
    owner, cost = partition_by_means(torch.tensor([[[0.0], [1.0]]]), lens(2), frames, lens(5))
    assert owner.tolist() == [[0, 0, 1, 1, 1]]
    assert cost.item() == pytest.approx(0.05, abs=1e-7)  # the square root of a rounding error at distance 0


def all_cuts(tokens, frames):
    """Every way to cut ``frames`` into ``tokens`` non-empty segments, as the owner of each frame."""
    for cuts in combinations(range(1, frames), tokens - 1):
        edges = [0, *cuts, frames]
        yield [i for i in range(tokens) for _ in range(edges[i], edges[i + 1])]


def random_batch(dim=3):
    generator = torch.Generator().manual_seed(3)
    tokens, frames = (torch.randn(8, size, dim, generator=generator, dtype=torch.float64) for size in (4, 7))
    return tokens, frames


def check_against_every_cut(owner, value, worth, infeasible):
    for n, (tokens, frames) in enumerate(zip(TOKEN_LENS.tolist(), FRAME_LENS.tolist(), strict=True)):
        if tokens == 0 or frames < tokens:
            assert (owner[n] == -1).all()
            assert value[n].item() == infeasible
            continue
        best = max(all_cuts(tokens, frames), key=lambda cut, n=n: worth(n, cut))
        assert owner[n, :frames].tolist() == best
        assert (owner[n, frames:] == -1).all()
        assert value[n].abs().item() == pytest.approx(abs(worth(n, best)), abs=1e-9)


def test_path_is_the_best_of_all_cuts():
    similarity = torch.randn(8, 4, 7, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    owner, score = partition_by_path(similarity, TOKEN_LENS, FRAME_LENS)
    check_against_every_cut(
        owner, score, lambda n, cut: sum(similarity[n, i, j].item() for j, i in enumerate(cut)), -torch.inf
    )


def test_segment_means_are_the_best_of_all_cuts():
    tokens, frames = random_batch()
    owner, cost = partition_by_means(tokens, TOKEN_LENS, frames, FRAME_LENS)

    def worth(n, cut):
        segments = [[frames[n, j] for j, i in enumerate(cut) if i == token] for token in range(max(cut) + 1)]
        return -sum((torch.stack(rows).mean(0) - tokens[n, i]).norm().item() for i, rows in enumerate(segments))

    check_against_every_cut(owner, cost, worth, torch.inf)


def test_padding_never_matters():
    tokens, frames = random_batch()
    similarity = tokens @ frames.transpose(1, 2)
    by_path, score = partition_by_path(similarity, TOKEN_LENS, FRAME_LENS)
    by_means, cost = partition_by_means(tokens, TOKEN_LENS, frames, FRAME_LENS)
    for n, (t, f) in enumerate(zip(TOKEN_LENS.tolist(), FRAME_LENS.tolist(), strict=True)):
        tokens[n, t:], frames[n, f:] = torch.nan, torch.nan
    similarity = tokens @ frames.transpose(1, 2)
    for found, expected in zip(
        (
            *partition_by_path(similarity, TOKEN_LENS, FRAME_LENS),
            *partition_by_means(tokens, TOKEN_LENS, frames, FRAME_LENS),
        ),
        (by_path, score, by_means, cost),
        strict=True,
    ):
        torch.testing.assert_close(found, expected)


def test_an_offset_far_from_zero_changes_no_cut():
    tokens, frames = random_batch()
    expected, _ = partition_by_means(tokens, TOKEN_LENS, frames, FRAME_LENS)
    shifted, _ = partition_by_means(tokens + 1e4, TOKEN_LENS, frames + 1e4, FRAME_LENS)
    assert torch.equal(shifted, expected)


@pytest.mark.parametrize("tokens", [0, 2])
@pytest.mark.parametrize("count", [0, 2])
def test_nothing_to_cut(count, tokens):
    none = torch.zeros(count, dtype=torch.long)
    owner, _ = partition_by_path(torch.zeros(count, tokens, 3), none, none)
    assert (owner == torch.full((count, 3), -1)).all()
    owner, _ = partition_by_means(torch.zeros(count, tokens, 2), none, torch.zeros(count, 3, 2), none)
    assert (owner == torch.full((count, 3), -1)).all()
