import math

import pytest
import torch

from kwskit.losses.rpl_angle import mean_angle_difference
from kwskit.losses.rpl_distance import distance_structure
from kwskit.losses.rpl_prototype import RelationalPrototype


@pytest.mark.parametrize(
    ("mode", "scale", "value"),
    [
        ("softmax_centroid", 1.0, 0.2825915492870665),
        ("softmax_centroid", 10.0, 1.4637553018559402e-06),
        ("softmax_proxy", 1.0, 0.4030447634869514),
        ("softmax_proxy", 10.0, 0.012099952293845388),
        ("centroid_relation", 1.0, 0.0030638861122581442 + 0.008518346908980136),
        ("proxy_row", 1.0, 0.07394395638574393),
    ],
)
def test_stated_values_on_fixture_b(embed, fixture_b, mode, scale, value):
    assert RelationalPrototype(mode, scale)(embed(*fixture_b)).item() == pytest.approx(value, abs=1e-9)


def by_loops(mode, audio, text, labels, scale):
    words = sorted(set(labels.tolist()))
    centroid = {w: audio[labels == w].mean(0) for w in words}
    proxy = {w: text[labels == w].mean(0) for w in words}

    def surprise(query, prototypes, own):
        logits = {w: -scale * (query - p).square().sum().item() for w, p in prototypes.items()}
        return math.log(sum(math.exp(z) for z in logits.values())) - logits[own]

    if mode == "softmax_centroid":
        return sum(surprise(proxy[w], centroid, w) for w in words) / len(words)
    if mode == "softmax_proxy":
        return sum(surprise(a, proxy, w) for a, w in zip(audio, labels.tolist(), strict=True)) / len(audio)
    if mode == "centroid_relation":
        points = torch.stack([centroid[w] for w in words]), torch.stack([proxy[w] for w in words])
        return (distance_structure(*points) + mean_angle_difference(*points)).item()
    rows = [[[(a - proxy[v]).norm().item() for v in words] for a in audio]]
    rows.append([[(proxy[w] - proxy[v]).norm().item() for v in words] for w in labels.tolist()])
    relative = []
    for table in rows:
        positive = [d for row in table for d in row if d > 0]
        relative.append(torch.tensor(table) * len(positive) / sum(positive))
    return torch.nn.functional.smooth_l1_loss(*relative).item()


@pytest.mark.parametrize("mode", ["softmax_centroid", "softmax_proxy", "centroid_relation", "proxy_row"])
def test_equals_loops(random_rows, mode):
    """Unequal class sizes, one class of a single row, and two pronunciations in another."""
    audio, text, labels = random_rows(9, labels=[3, 3, 3, 8, 8, 40, 40, 40, 5])
    text = text[labels % 7]
    text[1] = torch.randn(5)
    loss = RelationalPrototype(mode, 0.3, normalize=False)
    assert loss.pair_loss(audio, text, labels).item() == pytest.approx(
        by_loops(mode, audio, text, labels, 0.3), abs=1e-9
    )


@pytest.mark.parametrize("arguments", [{"mode": "softmax"}, {"scale": 0.0}])
def test_impossible_arguments_are_refused(arguments):
    with pytest.raises(ValueError, match=r"mode must be|scale must be"):
        RelationalPrototype(**arguments)
