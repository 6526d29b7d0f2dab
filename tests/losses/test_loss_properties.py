"""What every loss owes: invariances, edges, gradients, and mixed precision."""

import pytest
import torch
from torch import nn

from kwskit import registry
from kwskit.batch import length_mask
from kwskit.embeddings import BatchEmbeddings
from tests.losses.loss_checks import check_finite, named
from tests.losses.test_pair_loss_properties import OF_PAIRS

AT_BOTH_LEVELS = [
    ("asyp", {}),
    ("asyp", {"alpha": 2.0, "beta": 40.0, "lam": 0.5}),
    ("asyp_adams", {"num_classes": 9}),
    ("proxy_bd", {}),
    ("proxy_bd", {"anchor": "text"}),
    ("proxy_ms", {}),
    ("proxy_ms", {"mine_eps": 0.1, "anchor": "text"}),
    ("clat", {}),
    ("clat", {"denominator": "diag", "direction": "symmetric"}),
    ("clat", {"denominator": "multi_out", "direction": "text"}),
    ("clat", {"denominator": "multi_in"}),
    ("clap", {}),
    ("clap", {"positives": "diag", "log_scale": 2.66, "max_log_scale": 4.6}),
    ("clap", {"positives": "multi_out"}),
    ("clap", {"positives": "multi_in"}),
    ("clap", {"positives": "unique_text"}),
    ("rpl_distance", {}),
    ("rpl_angle", {"points": "keywords"}),
    ("rpl_prototype", {}),
    ("rpl_prototype", {"mode": "softmax_proxy"}),
    ("rpl_prototype", {"mode": "centroid_relation"}),
    ("rpl_prototype", {"mode": "proxy_row"}),
    ("relational_proxy", {"angle_points": "keywords"}),
    ("pytorch_metric_learning", {"loss": "SupConLoss"}),
]
CASES = [(name, {**arguments, "level": level}) for name, arguments in AT_BOTH_LEVELS for level in ("utt", "phn")]
CASES += [
    ("rpl_angle", {}),
    ("relational_proxy", {"reduction": "valid", "mask_same_word": False}),
    ("sphereface2", {"num_classes": 9, "dim": 8}),
    ("sphereface2", {"num_classes": 9, "dim": 8, "margin_type": "A", "sample_classes": 9}),
    ("sphereface2", {"num_classes": 9, "dim": 8, "margin_type": "M", "bias_init": "balanced"}),
    ("aam_softmax", {"num_classes": 9, "dim": 8}),
    ("aam_softmax", {"num_classes": 9, "dim": 8, "sub_centres": 3, "fallback": "classic", "inter_top_k": 2}),
    ("aam_softmax", {"num_classes": 9, "dim": 8, "fallback": "easy_margin", "sample_classes": 9}),
    ("multi_view_triplet", {"objectives": ["obj0", "obj1", "obj2", "obj3"], "k": 2}),
    ("multi_view_triplet", {"negatives": "semi_hard", "root_mean_square": True}),
    ("multi_view_triplet", {"negatives": "all", "margin": 2.5}),
    ("dwd", {}),
    ("dwd", {"own_centroid": "loo", "learn_scale": True, "scale": 4.0}),
    ("keyword_triplet", {}),
    ("keyword_triplet", {"negatives": "semi_hard"}),
    ("acoustic_contrastive", {}),
    ("acoustic_contrastive", {"positives": "multi_in"}),
    ("modality_adversarial", {"dim": 8, "hidden_size": 6, "reversal": -1.0}),
    ("modality_adversarial", {"dim": 8, "hidden_size": 6, "reversal": -1.0, "normalize": True, "shared": False}),
    ("modality_adversarial", {"dim": 8, "hidden_size": 6, "reversal": -1.0, "levels": ["frame"]}),
    ("typed_vocabulary", {"words": 5}),
    ("near_misses", {}),
]
# Draws a target among features, which these embeddings have none of; see test_correspondence_autoencoder.py.
OF_FEATURES = [("correspondence_autoencoder", {})]


def test_every_loss_is_here():
    built_in = {part.name for part in registry.parts("loss") if part.plugin is None}
    assert built_in == {name for name, _ in CASES + OF_PAIRS + OF_FEATURES}


@pytest.fixture(params=CASES, ids=named)
def loss(request):
    name, arguments = request.param
    if name == "pytorch_metric_learning":
        pytest.importorskip(name, reason="the extra zoo is not installed")
    built = registry.build("loss", name, **arguments)
    if name == "typed_vocabulary":  # what begin() embeds
        built.others = torch.nn.functional.normalize(torch.randn(5, 8), dim=1)
    if name == "near_misses":  # what it draws anew each time
        near = torch.nn.functional.normalize(torch.randn(5, 8), dim=1)
        built._typing, built._near = (None, None), lambda emb: near.to(emb.audio)
    return built


@pytest.fixture
def rows(random_rows):
    return random_rows(8, dim=8, labels=[3, 3, 0, 0, 5, 5, 5, 8])


def test_order_does_not_matter(loss, embed, rows):
    if getattr(loss, "positives", None) == "views":
        pytest.skip("views pair utterances by their order")
    order = torch.tensor([5, 0, 7, 2, 1, 6, 4, 3])
    value = loss(embed(*rows, lengths=[3, 1, 4]))
    assert loss(embed(*(x[order] for x in rows), lengths=[5, 3])).item() == pytest.approx(value.item(), abs=1e-9)


def test_padding_does_not_matter(loss, embed, rows):
    value = loss(embed(*rows, lengths=[3, 1, 4]))
    assert loss(embed(*rows, lengths=[3, 1, 4], padding=3)).item() == pytest.approx(value.item(), abs=1e-12)


def test_gradients_equal_finite_differences(loss, embed, rows):
    audio, text, labels = rows
    audio.requires_grad_(), text.requires_grad_()
    assert torch.autograd.gradcheck(
        lambda a, t: loss(embed(a, t, labels, lengths=[3, 1, 4])), (audio, text), fast_mode=True
    )


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("labels", [[2, 2, 2, 2], [2], [1, 2]])
def test_batches_of_one_class_or_few_items(loss, embed, random_rows, labels, dtype):
    audio, text, labels = random_rows(len(labels), dim=8, labels=labels)
    text = text[:1].expand_as(text)  # one word, one text
    audio, text = (x.to(dtype).requires_grad_() for x in (audio, text.clone()))
    check_finite(loss.to(dtype), embed(audio, text, labels), (audio, text))


def test_an_empty_batch_gives_a_zero_with_a_graph(loss, embed):
    audio, text = (torch.zeros(0, 8, requires_grad=True) for _ in range(2))
    empty = embed(audio, text, torch.zeros(0, dtype=torch.long))
    assert check_finite(loss, empty, (audio, text)).item() == 0


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_cosines_of_one_and_minus_one(loss, embed, random_rows, dtype):
    audio, text, labels = random_rows(8, dim=8, labels=[3, 3, 0, 0, 5, 5, 5, 8])
    loss.to(dtype)
    centres = getattr(loss, "centres", None)
    if centres is not None:  # audio on its own centre and opposite of it
        audio = centres.detach()[labels, : audio.shape[1]]
    audio = audio / audio.norm(dim=1, keepdim=True) * torch.tensor([1, -1, 2, -2, 3, 3, -3, 1.0])[:, None]
    text = audio * torch.tensor([1, 1, -1, -1, 1, -1, 1, -1.0])[:, None]
    audio, text = (x.to(dtype).requires_grad_() for x in (audio, text))
    check_finite(loss, embed(audio, text, labels), (audio, text))


@pytest.fixture
def half_precision_embeddings():
    """Embeddings as encoders leave them under bfloat16 autocast: half the tensors in bfloat16, poolers in float32."""
    torch.set_default_dtype(torch.float32)
    frames, tokens = (torch.randn(8, size, 8).bfloat16().requires_grad_() for size in (10, 4))
    audio_pooler, text_pooler, projection = nn.Linear(8, 8), nn.Linear(8, 8), nn.Linear(8, 8)

    def align(text, text_mask, audio, audio_mask, ids):
        affinity = (projection(text) @ projection(audio).transpose(1, 2)).softmax(-1)
        return affinity @ audio.to(affinity.dtype), affinity

    def build():
        return BatchEmbeddings(
            audio_frames=frames,
            audio_mask=length_mask(torch.full((8,), 10), 10),
            text_tokens=tokens,
            text_mask=length_mask(torch.tensor([4, 4, 2, 2, 3, 3, 3, 1]), 4),
            token_ids=torch.arange(32).reshape(8, 4) % 7,
            word=torch.tensor([3, 3, 0, 0, 5, 5, 5, 8]),
            pool_audio=lambda frames, mask: audio_pooler(frames).mean(1),
            pool_text=lambda tokens, mask: text_pooler(tokens).mean(1),
            align=align,
        )

    return build, (frames, tokens)


def test_bfloat16_autocast(loss, half_precision_embeddings):
    build, inputs = half_precision_embeddings
    loss.float()
    with torch.autocast("cpu", torch.bfloat16):
        value = check_finite(loss, build(), inputs)
        # What a loss makes of the rounded embeddings is what it makes of them in float32.
        rounded = build()
        audio, text, aligned = rounded.audio.float(), rounded.text.float(), rounded.aligned_audio.float()
    assert value.dtype == torch.float32
    rounded = build()
    rounded.__dict__ |= {"audio": audio, "text": text, "_aligned": (aligned, None)}
    assert loss(rounded).item() == pytest.approx(value.item(), rel=1e-5)


def test_validation_without_gradients_gives_the_same_value(loss, embed, rows):
    audio, text, labels = rows
    with_graph = loss(embed(audio.requires_grad_(), text.requires_grad_(), labels))
    with torch.no_grad():
        assert loss(embed(audio, text, labels)).item() == pytest.approx(with_graph.item(), abs=1e-12)
