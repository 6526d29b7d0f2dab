import math

import pytest
import torch

from kwskit.losses.proxy_bd import ProxyBD


def by_loops(anchors, proxies, labels, alpha, beta, lam):
    total = 0.0
    for i in range(len(labels)):
        similarity = torch.nn.functional.cosine_similarity(anchors[i : i + 1], proxies).tolist()
        pull = [math.log1p(math.exp(alpha * (lam - s))) for j, s in enumerate(similarity) if labels[j] == labels[i]]
        push = [math.log1p(math.exp(beta * (s - lam))) for j, s in enumerate(similarity) if labels[j] != labels[i]]
        total += sum(pull) / len(pull) + sum(push) / max(1, len(push))
    return total / len(labels)


@pytest.mark.parametrize("level", ["utt", "phn"])
@pytest.mark.parametrize(
    ("arguments", "value"),
    [
        ({}, 3.7245219562607392),
        ({"anchor": "text"}, 5.054831325640017),
        ({"alpha": 1.0, "beta": 1.0, "lam": 0.0}, 1.2330115644638175),
    ],
)
def test_stated_values(embed, fixture_a, level, arguments, value):
    loss = ProxyBD(**arguments, level=level)
    assert loss(embed(*fixture_a, lengths=[2, 1])).item() == pytest.approx(value, abs=1e-9)


@pytest.mark.parametrize("anchor", ["audio", "text"])
def test_equals_loops(random_rows, anchor):
    audio, text, labels = random_rows(11)
    value = ProxyBD(3.0, 7.0, 0.2, anchor).pair_loss(audio, text, labels).item()
    rows = (audio, text) if anchor == "audio" else (text, audio)
    assert value == pytest.approx(by_loops(*rows, labels, 3.0, 7.0, 0.2), abs=1e-9)


def test_stated_slope(fixture_a):
    """-alpha sigma(alpha (lam - S)) / (N |P|) for positives, beta sigma(beta (S - lam)) / (N |N_i|) for negatives."""
    audio, text, labels = fixture_a
    audio.requires_grad_()
    cosines = torch.nn.functional.cosine_similarity(audio[:, None], text, dim=-1)
    same = labels[:, None] == labels
    pull = -2 * torch.sigmoid(2 * (0.5 - cosines)) / (3 * same.sum(1, keepdim=True))
    push = 40 * torch.sigmoid(40 * (cosines - 0.5)) / (3 * (~same).sum(1, keepdim=True))
    (carried,) = torch.autograd.grad((cosines * torch.where(same, pull, push).detach()).sum(), audio)
    (found,) = torch.autograd.grad(ProxyBD().pair_loss(audio, text, labels), audio)
    torch.testing.assert_close(found, carried, atol=1e-12, rtol=1e-9)


def test_only_positives_count_where_there_is_one_class(random_rows):
    audio, text, labels = random_rows(4, labels=[6, 6, 6, 6])
    cosines = torch.nn.functional.cosine_similarity(audio[:, None], text, dim=-1)
    expected = torch.log1p(torch.exp(2 * (0.5 - cosines))).mean().item()
    assert ProxyBD().pair_loss(audio, text, labels).item() == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("arguments", [{"alpha": 0.0}, {"beta": -1.0}, {"anchor": "word"}])
def test_impossible_arguments_are_refused(arguments):
    with pytest.raises(ValueError, match=r"above 0|anchor must be one of"):
        ProxyBD(**arguments)
