import pytest
import torch

from kwskit.aligners.dsp import DynamicSequencePartition
from kwskit.batch import length_mask
from kwskit.embeddings import INFEASIBLE, BatchEmbeddings, Match
from kwskit.losses.segment_contrastive import SegmentContrastive
from kwskit.matchers.segment_distance import SegmentDistance

FRAMES = torch.tensor([[0, 1], [0, 1], [1, 1], [1, 0], [1, 0.2], [0, -1]], dtype=torch.float64)
TOKENS = torch.tensor([[0, 1], [1, 0], [0, -1]], dtype=torch.float64)


def pair(tokens, token_lens, frames, frame_lens, matched=None):
    """Embeddings of a system with EMKWS's aligner and matcher."""
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
        compare=SegmentDistance(),
        matched=None if matched is None else torch.tensor(matched),
    )


def scores(values, matched=None):
    emb = pair(torch.zeros(len(values), 1, 1), [1] * len(values), torch.zeros(len(values), 1, 1), [1] * len(values))
    emb.compare = lambda emb: Match(values)
    emb.matched = None if matched is None else torch.tensor(matched)
    return emb


@pytest.mark.parametrize(("matched", "value"), [(True, 0.017777777777777778), (False, 0.7511111111111112)])
def test_stated_values(matched, value):
    emb = pair(TOKENS[None], [3], FRAMES[None], [6], [matched])
    assert SegmentContrastive()(emb).item() == pytest.approx(value, abs=1e-9)


@pytest.mark.parametrize("margin", [1.0, 2.5])
def test_equals_a_loop_without_infeasible_pairs(margin):
    values = -torch.rand(6) * 3
    values[2] = INFEASIBLE
    matched = [True, False, True, False, False, True]
    each = []
    for value, match in zip(values.tolist(), matched, strict=True):
        if value > INFEASIBLE:
            each.append(value**2 if match else max(0.0, margin + value) ** 2)
    loss = SegmentContrastive(margin)
    assert loss(scores(values, matched)).item() == pytest.approx(sum(each) / 5, abs=1e-9)
    assert loss.metrics["distance_matched"].item() == pytest.approx(-(values[0] + values[5]).item() / 2)
    assert loss.metrics["distance_unmatched"].item() == pytest.approx(-(values[[1, 3, 4]]).sum().item() / 3)


def test_all_pairs_match_when_nothing_is_said_about_it():
    values = -torch.rand(4)
    assert SegmentContrastive()(scores(values)).item() == pytest.approx(values.square().mean().item())


def test_only_infeasible_pairs_give_a_zero_and_finite_gradients():
    tokens, frames = torch.randn(2, 3, 2, requires_grad=True), torch.randn(2, 2, 2, requires_grad=True)
    value = SegmentContrastive()(pair(tokens, [3, 3], frames, [2, 2], [True, False]))
    gradients = torch.autograd.grad(value, (tokens, frames))
    assert value.item() == 0
    assert not any(g.any() for g in gradients)


def test_gradients_equal_finite_differences():
    tokens, frames = torch.randn(3, 3, 2, requires_grad=True), torch.randn(3, 6, 2, requires_grad=True)
    assert torch.autograd.gradcheck(
        lambda t, f: SegmentContrastive(3.0)(pair(t, [3, 2, 3], f, [6, 5, 2], [True, False, True])), (tokens, frames)
    )


def test_a_margin_must_be_positive():
    with pytest.raises(ValueError, match="margin"):
        SegmentContrastive(margin=0.0)
