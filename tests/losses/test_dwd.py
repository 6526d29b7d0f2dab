import math

import pytest
import torch
import torch.nn.functional as F

from kwskit.losses.dwd import DWD


@pytest.fixture
def utterances():
    return torch.tensor([[1.0, 0.0], [4.0, 3.0], [0.0, 1.0], [3.0, 4.0]]), torch.tensor([0, 0, 1, 1])


@pytest.mark.parametrize(("own_centroid", "softmax"), [("full", 0.5290039727141145), ("loo", 0.5922697231521802)])
@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_stated_values(embed, utterances, own_centroid, softmax, reduction):
    audio, words = utterances
    loss = DWD(own_centroid, reduction=reduction)
    value = loss(embed(audio, audio, words)).item()
    centroid = {"mean": 0.7692099788303083, "sum": 3.076839915321233}[reduction]
    softmax *= {"mean": 1, "sum": 4}[reduction]
    assert loss.metrics["softmax"].item() == pytest.approx(softmax, abs=1e-9)
    assert loss.metrics["centroid"].item() == pytest.approx(centroid, abs=1e-9)
    assert value == pytest.approx(softmax + centroid, abs=1e-9)


def test_stated_gradient(embed, utterances):
    audio, words = utterances
    audio = F.normalize(audio).requires_grad_()
    DWD()(embed(audio, audio, words)).backward()
    stated = [
        [0.0, 0.2514366799597032],
        [-0.4832394891110057, 0.6443193188146743],
        [0.2514366799597032, 0.0],
        [0.6443193188146743, -0.4832394891110057],
    ]
    torch.testing.assert_close(audio.grad, torch.tensor(stated), atol=1e-9, rtol=0)


def by_loops(audio, words, own_centroid, scale):
    audio, words = F.normalize(audio), words.tolist()
    softmax, positive, negative = [], [], []
    for i, x in enumerate(audio):
        centroid = {
            word: F.normalize(torch.stack([audio[j] for j in range(len(words)) if words[j] == word]).mean(0), dim=0)
            for word in words
        }
        cosine = {word: (x @ c).item() for word, c in centroid.items()}
        friends = [audio[j] for j in range(len(words)) if words[j] == words[i] and j != i]
        without = (x @ F.normalize(torch.stack(friends).mean(0), dim=0)).item() if friends else None
        if own_centroid == "loo":
            cosine[words[i]] = without
        if cosine[words[i]] is not None:
            total = sum(math.exp(scale * s) for s in cosine.values())
            softmax.append(math.log(total) - scale * cosine[words[i]])
        if friends:
            positive.append(1 - without)
        others = [s for word, s in cosine.items() if word != words[i]]
        if others:
            negative.append(max(others))
    return [sum(x) / max(1, len(x)) for x in (softmax, positive, negative)]


@pytest.mark.parametrize("own_centroid", ["full", "loo"])
@pytest.mark.parametrize("labels", [[4, 0, 4, 2, 0, 4, 9], [1, 1, 1], [0, 1, 2], [3]])
def test_equals_loops(random_rows, embed, own_centroid, labels):
    """Words with one utterance have no own centroid without it; a batch of one word has no other centroid."""
    audio, _, words = random_rows(len(labels), labels=labels)
    softmax, positive, negative = by_loops(audio, words, own_centroid, 3.0)
    loss = DWD(own_centroid, 2.0, 0.5, scale=3.0)
    value = loss(embed(audio, audio, words)).item()
    assert value == pytest.approx(2 * softmax + 0.5 * (positive + negative), abs=1e-9)


def test_learnt_scale_starts_where_it_is_told_and_learns(random_rows, embed):
    audio, _, words = random_rows(8)
    fixed, learnt = DWD(scale=5.0), DWD(scale=5.0, learn_scale=True)
    value = learnt(embed(audio, audio, words))
    assert value.item() == pytest.approx(fixed(embed(audio, audio, words)).item(), abs=1e-9)
    value.backward()
    (scale,) = learnt.parameters()
    assert scale.grad.item() != 0
    assert scale.weight_decay == 0.0
    assert not list(fixed.parameters())


@pytest.mark.parametrize(
    "arguments",
    [{"own_centroid": "mean"}, {"reduction": "none"}, {"scale": 0.0}, {"softmax_weight": 0.0, "centroid_weight": 0.0}],
)
def test_impossible_arguments_are_refused(arguments):
    with pytest.raises(ValueError, match=r"must (be|not)"):
        DWD(**arguments)
