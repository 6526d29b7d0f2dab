import torch

from kwskit.aligners.dynamic_programming.frame_owners import feasible
from kwskit.registry import build

# Columns are token 0, token 1, blank.
PROBS = [[0.3, 0.1, 0.6], [0.8, 0.1, 0.1], [0.3, 0.2, 0.5], [0.1, 0.8, 0.1], [0.1, 0.7, 0.2], [0.1, 0.1, 0.8]]
TEXT_LENS, AUDIO_LENS = torch.tensor([4, 2, 1, 3]), torch.tensor([7, 5, 2, 2])
TEXT_MASK, AUDIO_MASK = torch.arange(4) < TEXT_LENS[:, None], torch.arange(7) < AUDIO_LENS[:, None]


def inputs(dtype=torch.float32):
    generator = torch.Generator().manual_seed(1)
    text, audio = (torch.randn(4, size, 5, generator=generator, dtype=dtype) for size in (4, 7))
    return text, TEXT_MASK, audio, AUDIO_MASK, torch.randint(0, 6, (4, 4), generator=generator)


def aligner(dtype=torch.float32):
    torch.manual_seed(0)
    return build("aligner", "ctc", num_tokens=6, dim=5).to(dtype)


def test_stated_token_embeddings(monkeypatch):
    layer = build("aligner", "ctc", num_tokens=2, dim=2)
    monkeypatch.setattr(layer, "log_probs", lambda frames: torch.tensor([PROBS], dtype=torch.float64).log())
    time = torch.arange(6, dtype=torch.float64)
    frames = torch.stack((time, -time), 1)[None]
    masks = torch.ones(1, 2).bool(), torch.ones(1, 6).bool()
    aligned, affinity = layer(torch.zeros(1, 2, 2), masks[0], frames, masks[1], torch.tensor([[0, 1]]))
    third = 1 / 3
    expected = torch.tensor([[[0, 0.5, 0.5, 0, 0, 0], [0, 0, 0, third, third, third]]], dtype=torch.float64)
    torch.testing.assert_close(affinity, expected, rtol=0, atol=1e-9)
    torch.testing.assert_close(aligned[0].tolist(), [[1.5, -1.5], [4.0, -4.0]], rtol=0, atol=1e-9)


def test_log_probabilities_have_the_blank_last():
    layer, frames = aligner(), inputs()[2]
    found = layer.log_probs(frames)
    assert found.shape == (4, 7, layer.blank + 1) == (4, 7, 7)
    torch.testing.assert_close(found.exp().sum(-1), torch.ones(4, 7))
    torch.testing.assert_close(found, layer.head(frames) - layer.head(frames).exp().sum(-1, keepdim=True).log())
    with torch.autocast("cpu", torch.bfloat16):
        assert layer.log_probs(frames).dtype == torch.float32


def test_rows_sum_to_one_and_padding_never_matters():
    layer, parts = aligner(), inputs()
    expected, affinity = layer(*parts)
    possible = torch.tensor([True, True, True, False])  # the last has 3 tokens and 2 frames
    assert torch.equal(feasible(affinity, TEXT_MASK), possible)
    torch.testing.assert_close(affinity.sum(-1), (TEXT_MASK & possible[:, None]).float())
    assert not expected[~(TEXT_MASK & possible[:, None])].any()
    text, _, audio, _, ids = parts
    text[~TEXT_MASK], audio[~AUDIO_MASK], ids[~TEXT_MASK] = torch.nan, torch.nan, 99
    aligned, again = layer(*parts)
    torch.testing.assert_close(aligned, expected)
    torch.testing.assert_close(again, affinity)


def test_gradients_reach_the_frames_and_not_the_head():
    layer, parts = aligner(torch.float64), inputs(torch.float64)
    audio = parts[2].requires_grad_()
    aligned, affinity = layer(*parts)
    assert not affinity.requires_grad
    weights = torch.randn_like(aligned)
    gradient, *head = torch.autograd.grad((aligned * weights).sum(), [audio, *layer.parameters()], allow_unused=True)
    torch.testing.assert_close(gradient, affinity.transpose(1, 2) @ weights)
    assert head == [None, None]


def test_repeated_tokens_need_a_blank_between():
    layer = aligner()
    text, audio = torch.zeros(2, 2, 5), torch.randn(2, 3, 5)
    mask, lens = torch.ones(2, 2).bool(), torch.tensor([2, 3])
    aligned, affinity = layer(text, mask, audio, torch.arange(3) < lens[:, None], torch.tensor([[4, 4], [4, 4]]))
    assert feasible(affinity, mask).tolist() == [False, True]
    assert affinity[1].tolist() == [[0.5, 0.5, 0], [0, 0, 1]]  # token, blank, token
    assert not aligned[0].any()


def test_every_token_has_frames_without_gaps_or_overlap():
    _, affinity = aligner()(*inputs())
    for n in range(3):
        owned = affinity[n, : TEXT_LENS[n], : AUDIO_LENS[n]] > 0
        assert owned.any(1).all()
        owner = owned.int().argmax(0)[owned.any(0)]
        assert (owned.sum(0) <= 1).all()
        assert (owner.diff() >= 0).all()
        assert owned[-1, -1]
        assert owned.any(0).int().diff().min() >= 0  # only leading frames are nobody's


def test_parameters():
    assert sum(p.numel() for p in build("aligner", "ctc", num_tokens=75).parameters()) == 76 * 256 + 76
