import pytest
import torch

from kwskit.aligners.dsp import DynamicSequencePartition
from kwskit.batch import length_mask
from kwskit.embeddings import INFEASIBLE, BatchEmbeddings
from kwskit.registry import build

TOKEN_LENS, FRAME_LENS = torch.tensor([4, 2, 3]), torch.tensor([7, 4, 2])


def pairs(padding=0.0, dtype=torch.float32):
    generator = torch.Generator().manual_seed(0)
    tokens, frames = (torch.randn(3, size, 5, generator=generator, dtype=dtype) for size in (4, 7))
    text_mask, audio_mask = length_mask(TOKEN_LENS, 4), length_mask(FRAME_LENS, 7)
    return BatchEmbeddings(
        audio_frames=frames.masked_fill(~audio_mask.unsqueeze(-1), padding),
        audio_mask=audio_mask,
        text_tokens=tokens.masked_fill(~text_mask.unsqueeze(-1), padding),
        text_mask=text_mask,
        token_ids=torch.zeros(3, 4, dtype=torch.long),
        word=torch.arange(3),
        pool_audio=None,
        pool_text=None,
        align=DynamicSequencePartition("path"),
    )


def matcher(**arguments):
    torch.manual_seed(1)
    return build("matcher", "path_gru", dim=5, hidden=6, **arguments)


@pytest.mark.parametrize("average", [False, True])
def test_equals_a_loop(average):
    layer, emb = matcher(average=average), pairs()
    score = layer(emb).score
    for n in range(2):
        state = torch.zeros(1, 1, 6)
        for i in range(TOKEN_LENS[n]):
            owned = [j for j in range(FRAME_LENS[n]) if emb.affinity[n, i, j] > 0]
            cosines = [torch.cosine_similarity(emb.text_tokens[n, i], emb.audio_frames[n, j], dim=0) for j in owned]
            row = sum(c * emb.audio_frames[n, j] for c, j in zip(cosines, owned, strict=True))
            _, state = layer.gru((row / len(owned) if average else row)[None, None], state)
        torch.testing.assert_close(score[n], layer.output(state).squeeze())
    assert score[2].item() == INFEASIBLE


def test_padding_never_matters():
    layer = matcher()
    torch.testing.assert_close(layer(pairs(torch.nan)).score, layer(pairs()).score)


def test_gradients_reach_text_frames_and_weights():
    layer, emb = matcher(), pairs()
    inputs = emb.text_tokens.requires_grad_(), emb.audio_frames.requires_grad_()
    gradients = torch.autograd.grad(layer(emb).score.sum(), [*inputs, *layer.parameters()])
    assert all(g.isfinite().all() and g.any() for g in gradients)
    assert not any(g[2].any() for g in gradients[:2])  # the pair that cannot be aligned


def test_bfloat16_autocast():
    layer, emb = matcher(), pairs()
    expected = layer(emb).score
    with torch.autocast("cpu", torch.bfloat16):
        score = layer(pairs()).score
    assert score.dtype == torch.float32
    torch.testing.assert_close(score, expected, rtol=0.05, atol=0.05)
