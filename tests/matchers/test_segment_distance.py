import pytest
import torch

from kwskit.aligners.dsp import DynamicSequencePartition
from kwskit.batch import length_mask
from kwskit.embeddings import INFEASIBLE, BatchEmbeddings, Match
from kwskit.registry import build

FRAMES = torch.tensor([[0, 1], [0, 1], [1, 1], [1, 0], [1, 0.2], [0, -1]], dtype=torch.float64)
TOKENS = torch.tensor([[0, 1], [1, 0], [0, -1]], dtype=torch.float64)


def pairs(tokens, token_lens, frames, frame_lens):
    return BatchEmbeddings(
        audio_frames=frames,
        audio_mask=length_mask(torch.tensor(frame_lens), frames.shape[1]),
        text_tokens=tokens,
        text_mask=length_mask(torch.tensor(token_lens), tokens.shape[1]),
        token_ids=torch.zeros(tokens.shape[:2], dtype=torch.long),
        word=torch.arange(len(tokens)),
        pool_audio=None,
        pool_text=None,
        align=DynamicSequencePartition("segment_mean"),
    )


def test_stated_distance():
    match = build("matcher", "segment_distance")(pairs(TOKENS[None], [3], FRAMES[None], [6]))
    assert match.score.item() == pytest.approx(-0.13333333333333333, abs=1e-9)
    assert match.token_logits is None


@pytest.mark.parametrize("normalize", [False, True])
def test_equals_a_loop_and_marks_what_cannot_be_aligned(normalize):
    torch.manual_seed(0)
    tokens, frames = torch.randn(3, 4, 5).double(), torch.randn(3, 7, 5).double()
    emb = pairs(tokens, [4, 2, 3], frames, [7, 4, 2])
    score = build("matcher", "segment_distance", normalize=normalize)(emb).score
    for n, count in enumerate([4, 2]):
        each = []
        for token, segment in zip(tokens[n, :count], emb.affinity[n], strict=False):
            mean = frames[n][segment > 0].mean(0)
            if normalize:
                mean, token = mean / mean.norm(), token / token.norm()
            each.append((mean - token).norm())
        assert score[n].item() == pytest.approx(-torch.stack(each).mean().item(), abs=1e-9)
    assert score[2].item() == INFEASIBLE
    assert Match(score).feasible.tolist() == [True, True, False]


def test_gradients_are_finite_where_segments_and_tokens_coincide():
    tokens, frames = TOKENS[None].clone().requires_grad_(), TOKENS[None].clone().requires_grad_()
    score = build("matcher", "segment_distance")(pairs(tokens, [3], frames, [3])).score
    gradients = torch.autograd.grad(score.sum(), (tokens, frames))
    assert score.item() == 0
    assert all(g.isfinite().all() for g in gradients)
