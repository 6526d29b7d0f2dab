import math

import pytest
import torch

from kwskit.batch import length_mask
from kwskit.embeddings import INFEASIBLE, BatchEmbeddings
from kwskit.registry import build

# Columns are token 0, token 1, blank.
PROBS = [[0.3, 0.1, 0.6], [0.8, 0.1, 0.1], [0.3, 0.2, 0.5], [0.1, 0.8, 0.1], [0.1, 0.7, 0.2], [0.1, 0.1, 0.8]]
VITERBI = -2.2300784022072975


def pairs(dtype=torch.float64):
    """The stated frames with text 0 1, once more with text 1 0, and cut to one frame."""
    torch.manual_seed(0)
    time = torch.arange(6, dtype=dtype)
    return BatchEmbeddings(
        audio_frames=torch.stack((time, -time), 1).expand(3, 6, 2),
        audio_mask=length_mask(torch.tensor([6, 6, 1]), 6),
        text_tokens=torch.tensor([[[1.0, 0.0], [-2.0, 2.0]]], dtype=dtype).expand(3, 2, 2),
        text_mask=torch.ones(3, 2).bool(),
        token_ids=torch.tensor([[0, 1], [1, 0], [0, 1]]),
        word=torch.arange(3),
        pool_audio=None,
        pool_text=None,
        align=lambda *parts: (torch.tensor([[[1.5, -1.5], [4.0, -4.0]]], dtype=dtype).expand(3, 2, 2), None),
        classify_frames=lambda frames: torch.tensor(PROBS, dtype=dtype).log().expand(3, 6, 3),
    )


def score(**arguments):
    return build("matcher", "ctc_score", **arguments)(pairs()).score


def test_stated_path():
    assert score(lam=0.0, per="none")[0].item() == pytest.approx(VITERBI, abs=1e-9)
    assert score(lam=0.0)[0].item() == pytest.approx(VITERBI / 6, abs=1e-9)
    assert score(lam=0.0, per="token")[0].item() == pytest.approx(VITERBI / 2, abs=1e-9)


def test_cosines_are_added():
    cosine = (math.sqrt(0.5) - 1) / 2
    assert score(lam=3.0)[0].item() == pytest.approx(VITERBI / 6 + 3 * cosine, abs=1e-9)


def test_relative_to_the_best_classes():
    best = sum(math.log(max(row)) for row in PROBS)
    assert score(lam=0.0, relative=True)[0].item() == pytest.approx((VITERBI - best) / 6, abs=1e-9)
    assert pytest.approx(best) == VITERBI  # the text's path is the best there is
    assert score(lam=0.0, relative=True)[1].item() < -0.1


def test_forward_sums_over_all_paths():
    log_probs = torch.tensor(PROBS, dtype=torch.float64).log()
    expected = -torch.nn.functional.ctc_loss(
        log_probs, torch.tensor([1, 0]), torch.tensor(6), torch.tensor(2), blank=2, reduction="none"
    )
    found = score(lam=0.0, path="forward", per="none")
    assert found[1].item() == pytest.approx(expected.item(), abs=1e-9)
    assert (found[:2] > score(lam=0.0, per="none")[:2]).all()


@pytest.mark.parametrize("path", ["viterbi", "forward"])
def test_too_few_frames_are_marked_and_cost_no_gradient(path):
    emb = pairs()
    logits = torch.randn(3, 6, 3, dtype=torch.float64, requires_grad=True)
    emb.classify_frames = lambda frames: logits.log_softmax(-1)
    found = build("matcher", "ctc_score", path=path)(emb).score
    assert found[2].item() == INFEASIBLE
    (gradient,) = torch.autograd.grad(found.sum(), logits)
    assert gradient.isfinite().all()
    assert gradient[:2].abs().amax() > 0
    assert not gradient[2].any()


@pytest.mark.parametrize("arguments", [{"path": "greedy"}, {"per": "second"}])
def test_impossible_arguments_are_refused(arguments):
    with pytest.raises(ValueError, match=next(iter(arguments))):
        score(**arguments)
