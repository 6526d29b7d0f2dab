"""Losses trace into one graph: nothing in them waits for the device or depends on a value.

The flattening of tokens at level ``phn`` is the exception, its size being known to the device only.
"""

from types import SimpleNamespace

import pytest
import torch
from torch.nn.functional import one_hot

from kwskit import registry

CASES = [
    ("asyp", {}),
    ("asyp_adams", {"level": "utt", "num_classes": 3}),
    ("proxy_bd", {}),
    ("proxy_ms", {"mine_eps": 0.1}),
    ("clat", {"level": "utt", "direction": "symmetric"}),
    ("clap", {"max_log_scale": 4.6}),
    ("clap", {"positives": "unique_text"}),
    ("dwd", {"own_centroid": "loo"}),
    ("keyword_triplet", {"negatives": "semi_hard"}),
    ("acoustic_contrastive", {}),
    ("multi_view_triplet", {"negatives": "semi_hard", "k": 2}),
    ("relational_proxy", {}),
    ("rpl_prototype", {"mode": "softmax_proxy"}),
    ("rpl_prototype", {"mode": "proxy_row"}),
    ("sphereface2", {"num_classes": 3, "dim": 5, "sample_classes": 2, "margin_type": "A"}),
    ("aam_softmax", {"num_classes": 3, "dim": 5, "sub_centres": 2, "inter_top_k": 1}),
    ("aam_softmax", {"num_classes": 3, "dim": 5, "sample_classes": 2}),
    ("monotonic_matching", {}),
    ("modality_adversarial", {"dim": 5, "hidden_size": 4, "levels": ["utt"]}),
    ("near_misses", {}),
]


def mean(tokens, mask):
    return (tokens * mask[..., None]).sum(1) / mask.sum(1, keepdim=True)


def trace(loss, embeddings):
    """The compiled loss, once the embeddings have been pooled and aligned."""
    assert embeddings.audio is not None
    assert embeddings.text is not None
    assert embeddings.affinity is not None
    torch._dynamo.reset()
    return torch.compile(loss, backend="eager", fullgraph=True)


@pytest.mark.parametrize(("name", "arguments"), CASES, ids=lambda x: x if isinstance(x, str) else "")
def test_one_graph_gives_the_same_value_and_gradient(embed, random_rows, name, arguments):
    audio, text, labels = random_rows(6)
    audio.requires_grad_(), text.requires_grad_()
    loss = registry.build("loss", name, **arguments)
    if name == "near_misses":  # every typed token is one of 9
        typed = SimpleNamespace(text_encoder=lambda ids, lens: one_hot(ids, 9)[..., 2:7] + 0.5, text_pooler=mean)
        loss.begin(typed, SimpleNamespace(size=9), [])
    embeddings = embed(audio, text, labels, lengths=[1] * 6)
    results = []
    for run in (loss, trace(loss, embeddings)):
        torch.manual_seed(3)
        value = run(embeddings)
        results.append((value, torch.autograd.grad(value + 0 * audio.sum(), [audio, text], allow_unused=True)))
    torch.testing.assert_close(results[1], results[0])


def test_schedules_do_not_compile_anew_at_every_step(embed, random_rows):
    loss = registry.build("loss", "sphereface2", num_classes=3, dim=5, margin_end=1.0)
    embeddings = embed(*random_rows(6))
    compiled = trace(loss, embeddings)
    for step in range(6):
        loss.set_progress(step / 6)
        if step == 2:
            torch._dynamo.config.error_on_recompile = True
        try:
            assert compiled(embeddings).item() == pytest.approx(loss(embeddings).item())
        finally:
            if step == 5:
                torch._dynamo.config.error_on_recompile = False
