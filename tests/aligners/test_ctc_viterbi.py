from itertools import pairwise, product

import pytest
import torch

from kwskit.aligners.dynamic_programming.ctc_viterbi import ctc_feasible, ctc_viterbi, path_score

# Columns are token 0, token 1, blank.
PROBS = [[0.3, 0.1, 0.6], [0.8, 0.1, 0.1], [0.3, 0.2, 0.5], [0.1, 0.8, 0.1], [0.1, 0.7, 0.2], [0.1, 0.1, 0.8]]
TOKENS = torch.tensor([[0, 1, 0], [0, 0, 1], [1, 2, 2], [2, 0, 0], [1, 1, 0], [0, 1, 2], [0, 0, 0]])
TOKEN_LENS, FRAME_LENS = torch.tensor([3, 3, 3, 1, 2, 3, 0]), torch.tensor([5, 5, 4, 5, 2, 2, 3])


def random_log_probs(seed=0, count=7):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(count, 5, 4, generator=generator, dtype=torch.float64).mul(2).log_softmax(-1)


def every_path(log_probs, tokens):
    """Score and states of every path of ``log_probs`` (T, V) that spells ``tokens``; the blank is 3."""
    labels = [3]
    for token in tokens:
        labels += [token, 3]
    for states in product(range(len(labels)), repeat=len(log_probs)):
        if states[0] > 1 or states[-1] < len(labels) - 2:
            continue
        moves = list(pairwise(states))
        if any(not 0 <= b - a <= 2 for a, b in moves):
            continue
        if any(b - a == 2 and (labels[b] == 3 or labels[b] == labels[a]) for a, b in moves):
            continue
        yield sum(row[labels[state]].item() for row, state in zip(log_probs, states, strict=True)), list(states)


def test_stated_path():
    log_probs = torch.tensor([PROBS], dtype=torch.float64).log()
    states, score = ctc_viterbi(log_probs, torch.tensor([6]), torch.tensor([[0, 1]]), torch.tensor([2]), blank=2)
    assert states.tolist() == [[0, 1, 2, 3, 3, 4]]
    assert score.item() == pytest.approx(-2.2300784022072975, abs=1e-9)


@pytest.mark.parametrize("seed", range(3))
def test_the_best_of_all_paths(seed):
    log_probs = random_log_probs(seed)
    states, score = ctc_viterbi(log_probs, FRAME_LENS, TOKENS, TOKEN_LENS, blank=3)
    possible = ctc_feasible(TOKENS, TOKEN_LENS, FRAME_LENS)
    for n, (tokens, frames) in enumerate(zip(TOKEN_LENS.tolist(), FRAME_LENS.tolist(), strict=True)):
        paths = list(every_path(log_probs[n, :frames], TOKENS[n, :tokens].tolist()))
        assert possible[n].item() == bool(paths)
        if not paths:
            assert score[n].item() == -torch.inf
            assert (states[n] == -1).all()
            continue
        best, path = max(paths)
        assert score[n].item() == pytest.approx(best, abs=1e-9)
        assert states[n].tolist() == path + [-1] * (5 - frames)
    torch.testing.assert_close(
        path_score(log_probs, states, TOKENS, 3), score.masked_fill(~possible, 0.0), rtol=0, atol=1e-12
    )
    assert possible.tolist() == [True, True, True, True, False, False, True]


def test_the_score_has_the_gradient_of_its_path():
    log_probs = random_log_probs().requires_grad_()
    states, _ = ctc_viterbi(log_probs, FRAME_LENS, TOKENS, TOKEN_LENS, blank=3)
    (gradient,) = torch.autograd.grad(path_score(log_probs, states, TOKENS, 3).sum(), log_probs)
    assert torch.equal(gradient.sum(-1), (states >= 0).double())
    assert (gradient.amax(-1) <= 1).all()


def test_padding_never_matters():
    log_probs, tokens = random_log_probs(), TOKENS.clone()
    states, score = ctc_viterbi(log_probs, FRAME_LENS, tokens, TOKEN_LENS, blank=3)
    for n, (t, f) in enumerate(zip(TOKEN_LENS.tolist(), FRAME_LENS.tolist(), strict=True)):
        tokens[n, t:], log_probs[n, f:] = 77, torch.nan
    again, same = ctc_viterbi(log_probs, FRAME_LENS, tokens, TOKEN_LENS, blank=3)
    assert torch.equal(again, states)
    torch.testing.assert_close(same, score)


def test_impossible_frames_leave_no_path():
    log_probs = random_log_probs(count=1).index_fill(2, torch.tensor([0]), -torch.inf)
    states, score = ctc_viterbi(log_probs, torch.tensor([5]), torch.tensor([[0]]), torch.tensor([1]), blank=3)
    assert (states == -1).all()
    assert score.item() == -torch.inf
