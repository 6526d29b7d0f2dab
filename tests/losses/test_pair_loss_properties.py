"""What every loss of pairs as wholes owes: invariances, edges, gradients, and mixed precision."""

import pytest
import torch

from kwskit import registry
from kwskit.batch import length_mask
from kwskit.embeddings import BatchEmbeddings, Match
from tests.losses.loss_checks import check_finite, named

# Of pairs as wholes: their alignment, frame probabilities or scores. Noise for unmatched pairs is drawn anew each time.
OF_PAIRS = [
    ("monotonic_matching", {"unmatched": "ignore"}),
    ("monotonic_matching", {"target": "block", "reduction": "token", "unmatched": "ignore"}),
    ("monotonic_matching", {"target": "guided", "reduction": "frobenius", "unmatched": "ignore"}),
    ("ctc", {}),
    ("detection", {}),
    ("phoneme_detection", {}),
    ("segment_contrastive", {"margin": 8.0}),
]


@pytest.fixture(params=OF_PAIRS, ids=named)
def pair_loss(request):
    name, arguments = request.param
    return registry.build("loss", name, **arguments)


@pytest.fixture
def judge():
    """``judge(frames (5, T_a, 8), tokens (5, T_t, 8), rows, padding)``: embeddings of the pairs in ``rows``.

    Two of the five pairs do not match, and one has fewer frames than tokens. Affinity, frame probabilities and
    scores are smooth functions of frames and tokens; ``padding`` more of each are garbage.
    """
    generator = torch.Generator().manual_seed(4)
    ids, spoken_ids = torch.randint(0, 5, (2, 5, 4), generator=generator)
    frame_lens, token_lens, spoken_lens = torch.tensor([[9, 6, 7, 9, 2], [3, 2, 4, 3, 4], [3, 4, 4, 2, 4]])
    matched = torch.tensor([True, False, True, False, True])
    spoken_ids[matched], spoken_lens[matched] = ids[matched], token_lens[matched]

    def build(frames, tokens, rows=slice(None), padding=0):
        def grown(x, garbage):
            return torch.cat([x[rows], x.new_full((len(x[rows]), padding, *x.shape[2:]), garbage)], 1)

        frames, tokens, texts = grown(frames, 17.0), grown(tokens, -13.0), grown(ids, 3)
        audio_mask = length_mask(frame_lens[rows], frames.shape[1])
        text_mask = length_mask(token_lens[rows], tokens.shape[1])

        def pool(x, mask):
            return (x * mask[..., None]).sum(1) / mask.sum(1, keepdim=True)

        def align(tokens, text_mask, frames, audio_mask, ids):
            scores = (tokens @ frames.transpose(1, 2)).masked_fill(~audio_mask[:, None, :], -torch.inf)
            affinity = scores.softmax(2) * text_mask[..., None]
            return affinity @ frames, affinity

        def compare(emb):
            logits = (emb.aligned_audio * emb.text_tokens).sum(2)
            return Match(-(emb.audio - emb.text).square().sum(1), logits)

        return BatchEmbeddings(
            audio_frames=frames,
            audio_mask=audio_mask,
            text_tokens=tokens,
            text_mask=text_mask,
            token_ids=texts,
            word=torch.arange(5)[rows],
            pool_audio=pool,
            pool_text=pool,
            align=align,
            matched=matched[rows],
            spoken_ids=grown(spoken_ids, 3),
            spoken_mask=length_mask(spoken_lens[rows], texts.shape[1]),
            classify_frames=lambda frames: frames.log_softmax(2),
            compare=compare,
        )

    frames, tokens = (torch.randn(5, size, 8, generator=generator).requires_grad_() for size in (9, 4))
    return build, (frames, tokens)


def test_order_and_padding_of_pairs_do_not_matter(pair_loss, judge):
    build, inputs = judge
    value = pair_loss(build(*inputs)).item()
    assert value > 0
    assert pair_loss(build(*inputs, rows=[3, 0, 4, 2, 1])).item() == pytest.approx(value, abs=1e-9)
    assert pair_loss(build(*inputs, padding=3)).item() == pytest.approx(value, abs=1e-9)


def test_gradients_of_pairs_equal_finite_differences(pair_loss, judge):
    build, inputs = judge
    assert torch.autograd.gradcheck(lambda *x: pair_loss(build(*x, padding=1)), inputs, fast_mode=True)


@pytest.mark.parametrize("rows", [[0], [1], [4], [1, 3], []], ids=str)
def test_few_pairs_or_none(pair_loss, judge, rows):
    build, inputs = judge
    value = check_finite(pair_loss, build(*inputs, rows=rows), inputs)
    assert rows or value.item() == 0


def test_pairs_under_autocast(pair_loss, judge):
    torch.set_default_dtype(torch.float32)
    build, inputs = judge
    inputs = tuple(x.detach().bfloat16().requires_grad_() for x in inputs)
    with torch.autocast("cpu", torch.bfloat16):
        assert check_finite(pair_loss.float(), build(*inputs), inputs).dtype == torch.float32
