import pytest
import torch

from kwskit.registry import build

TEXT_LENS, AUDIO_LENS = torch.tensor([4, 2, 1]), torch.tensor([7, 5, 2])
TEXT_MASK, AUDIO_MASK = torch.arange(4) < TEXT_LENS[:, None], torch.arange(7) < AUDIO_LENS[:, None]


def aligner(projections):
    torch.manual_seed(0)
    return build("aligner", "cross_attention", dim=6, projections=projections)


def inputs():
    generator = torch.Generator().manual_seed(1)
    return torch.randn(3, 4, 6, generator=generator), torch.randn(3, 7, 6, generator=generator)


def test_vector():
    text = torch.tensor([[[1.0, 0], [0, 2]]], dtype=torch.float64)
    audio = torch.tensor([[[1.0, 0], [0, 1], [1, 1]]], dtype=torch.float64)
    layer = build("aligner", "cross_attention", dim=2, projections="identity")
    aligned, affinity = layer(text, torch.ones(1, 2, dtype=torch.bool), audio, torch.ones(1, 3, dtype=torch.bool))
    expected = [
        [0.4011120926797859, 0.1977758146404282, 0.4011120926797859],
        [0.10838345178479354, 0.44580827410760315, 0.44580827410760315],
    ]
    torch.testing.assert_close(affinity[0], torch.tensor(expected, dtype=torch.float64), rtol=1e-9, atol=1e-9)
    expected = [[0.8022241853595719, 0.5988879073202141], [0.5541917258923967, 0.8916165482152063]]
    torch.testing.assert_close(aligned[0], torch.tensor(expected, dtype=torch.float64), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("projections", ["learned", "identity"])
def test_equals_a_loop(projections):
    layer, (text, audio) = aligner(projections), inputs()
    aligned, affinity = layer(text, TEXT_MASK, audio, AUDIO_MASK)
    assert (aligned.shape, affinity.shape) == ((3, 4, 6), (3, 4, 7))
    for i, (tokens, frames) in enumerate(zip(TEXT_LENS.tolist(), AUDIO_LENS.tolist(), strict=True)):
        keys, values = layer.key(audio[i, :frames]), layer.value(audio[i, :frames])
        for t in range(tokens):
            weights = torch.stack([layer.query(text[i, t]) @ key / 6**0.5 for key in keys]).exp()
            weights = weights / weights.sum()
            torch.testing.assert_close(affinity[i, t, :frames], weights)
            torch.testing.assert_close(aligned[i, t], layer.output(weights @ values))
        assert not affinity[i, :tokens, frames:].any()
        assert not affinity[i, tokens:].any()
        assert not aligned[i, tokens:].any()


@pytest.mark.parametrize("projections", ["learned", "identity"])
def test_padding_never_matters_and_rows_sum_to_one(projections):
    layer, (text, audio) = aligner(projections), inputs()
    expected, _ = layer(text, TEXT_MASK, audio, AUDIO_MASK)
    audio[~AUDIO_MASK] = float("nan")
    text[~TEXT_MASK] = float("nan")
    aligned, affinity = layer(text, TEXT_MASK, audio, AUDIO_MASK)
    torch.testing.assert_close(aligned, expected)
    torch.testing.assert_close(affinity.sum(-1), TEXT_MASK.float())


def test_utterance_without_frames_is_finite():
    layer, (text, audio) = aligner("learned"), inputs()
    audio.requires_grad_(), text.requires_grad_()
    mask = AUDIO_MASK & torch.tensor([True, False, True])[:, None]
    aligned, affinity = layer(text, TEXT_MASK, audio, mask)
    assert not affinity[1].any()
    assert aligned.isfinite().all()
    aligned.square().sum().backward()
    assert audio.grad.isfinite().all()
    assert text.grad.isfinite().all()
    assert all(p.grad.isfinite().all() for p in layer.parameters())


def test_gradient_is_the_numerical_one():
    layer = aligner("learned").double()
    text, audio = (x.double().requires_grad_() for x in inputs())
    assert torch.autograd.gradcheck(lambda t, a: layer(t, TEXT_MASK, a, AUDIO_MASK), (text, audio))


def test_bfloat16_autocast_keeps_rows_exact():
    layer, (text, audio) = aligner("learned"), inputs()
    with torch.autocast("cpu", torch.bfloat16):
        aligned, affinity = layer(text, TEXT_MASK, audio, AUDIO_MASK)
    assert affinity.dtype == torch.float32
    torch.testing.assert_close(affinity.sum(-1), TEXT_MASK.float())
    torch.testing.assert_close(aligned.float(), layer(text, TEXT_MASK, audio, AUDIO_MASK)[0], rtol=0.05, atol=0.05)


def test_parameters_and_wrong_projections():
    assert sum(p.numel() for p in build("aligner", "cross_attention").parameters()) == 4 * (256 * 256 + 256)
    assert not list(aligner("identity").parameters())
    with pytest.raises(ValueError, match="learned"):
        aligner("fixed")
