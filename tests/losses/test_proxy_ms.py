import math

import pytest
import torch

from kwskit.losses.proxy_ms import ProxyMS


def by_loops(anchors, proxies, labels, alpha, beta, lam, mine_eps=None):
    """Anchor by anchor, mining as in the official code of Wang et al. 2019."""
    total, used = 0.0, 0
    for i in range(len(labels)):
        similarity = torch.nn.functional.cosine_similarity(anchors[i : i + 1], proxies).tolist()
        positive = [s for j, s in enumerate(similarity) if labels[j] == labels[i]]
        negative = [s for j, s in enumerate(similarity) if labels[j] != labels[i]]
        if mine_eps is not None:
            if not negative:
                continue
            kept_negative = [s for s in negative if s + mine_eps > min(positive)]
            kept_positive = [s for s in positive if s - mine_eps < max(negative)]
            if not kept_negative or not kept_positive:
                continue
            positive, negative = kept_positive, kept_negative
        used += 1
        total += math.log1p(sum(math.exp(alpha * (lam - s)) for s in positive)) / alpha
        total += math.log1p(sum(math.exp(beta * (s - lam)) for s in negative)) / beta
    return total / len(labels), used


@pytest.mark.parametrize("level", ["utt", "phn"])
@pytest.mark.parametrize(
    ("arguments", "value"),
    [
        ({}, 0.42716358844687113),
        ({"anchor": "text"}, 0.4268395649488608),
        ({"alpha": 1.0, "beta": 1.0, "lam": 0.0}, 1.580391253249097),
    ],
)
def test_stated_values(embed, fixture_a, level, arguments, value):
    loss = ProxyMS(**arguments, level=level)
    assert loss(embed(*fixture_a, lengths=[2, 1])).item() == pytest.approx(value, abs=1e-9)


@pytest.mark.parametrize("mine_eps", [None, 0.1, 0.0])
@pytest.mark.parametrize("anchor", ["audio", "text"])
def test_equals_loops(random_rows, anchor, mine_eps):
    audio, text, labels = random_rows(11, dim=40)
    audio, text = audio + 8 * torch.eye(40)[labels], text + 8 * torch.eye(40)[labels]  # some anchors need no more
    rows = (audio, text) if anchor == "audio" else (text, audio)
    text[0] = audio[0] = -audio[1]
    value = ProxyMS(mine_eps, alpha=3.0, beta=7.0, lam=0.2, anchor=anchor).pair_loss(audio, text, labels).item()
    expected, used = by_loops(*rows, labels, 3.0, 7.0, 0.2, mine_eps)
    assert value == pytest.approx(expected, abs=1e-9)
    assert used == 11 if mine_eps is None else 0 < used < 11


def test_mining_leaves_out_an_anchor_without_negatives(random_rows):
    audio, text, labels = random_rows(4, labels=[6, 6, 6, 6])
    assert ProxyMS(mine_eps=0.1).pair_loss(audio, text, labels).item() == 0
    assert ProxyMS().pair_loss(audio, text, labels).item() > 0
