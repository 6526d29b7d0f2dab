import math

import pytest
import torch

from kwskit.losses.terms import chunked_sum
from kwskit.losses.terms.info_nce import info_nce
from kwskit.numerics import unit

ALL = ["diag", "masked", "multi_out", "multi_in", "views"]


def by_loops(anchors, candidates, labels, scale, positives, skip_self=False):
    labels = labels.tolist()
    seen = [labels[:i].count(label) for i, label in enumerate(labels)]
    values = []
    for i in range(len(labels)):
        logits = [scale * (anchors[i] @ candidate).item() for candidate in candidates]
        others = [j for j in range(len(labels)) if not (skip_self and j == i)]
        same = [j for j in others if labels[j] == labels[i]]
        if not same:
            continue
        candidates_of = {
            "masked": [j for j in others if labels[j] != labels[i] or j == i],
            "views": [j for j in others if seen[j] == seen[i]],
        }.get(positives, others)
        total = sum(math.exp(logits[j]) for j in candidates_of)
        if positives == "multi_out":
            values.append(sum(-math.log(math.exp(logits[j]) / total) for j in same) / len(same))
        elif positives == "multi_in":
            values.append(-math.log(sum(math.exp(logits[j]) for j in same) / total))
        else:
            values.append(-math.log(math.exp(logits[i]) / total))
    return sum(values) / max(1, len(values))


@pytest.mark.parametrize(
    ("positives", "skip_self"), [*((name, False) for name in ALL), ("multi_out", True), ("multi_in", True)]
)
@pytest.mark.parametrize("chunk", [None, 12])
def test_equals_loops(random_rows, positives, skip_self, chunk, monkeypatch):
    if chunk:
        monkeypatch.setitem(chunked_sum.CHUNK_VALUES, "cpu", chunk)
    audio, text, _ = random_rows(7)
    audio, text, labels = unit(audio), unit(text), torch.tensor([4, 0, 4, 2, 0, 4, 9])
    candidates = audio if skip_self else text
    scale = torch.tensor(3.0, requires_grad=True)
    value = info_nce(audio, candidates, labels, labels, scale, positives, skip_self)
    expected = by_loops(audio, candidates, labels, 3.0, positives, skip_self)
    assert value.item() == pytest.approx(expected, abs=1e-9)
    (slope,) = torch.autograd.grad(value, scale)
    near = [by_loops(audio, candidates, labels, 3.0 + h, positives, skip_self) for h in (1e-5, -1e-5)]
    assert slope.item() == pytest.approx((near[0] - near[1]) / 2e-5, abs=1e-8)


@pytest.mark.parametrize("positives", ["diag", "masked", "multi_out"])
def test_equal_similarities_give_the_logarithm_of_their_number(positives):
    rows = torch.zeros(5, 3)
    value = info_nce(rows, rows, torch.arange(5), torch.arange(5), torch.tensor(9.0), positives)
    assert value.item() == pytest.approx(math.log(5), abs=1e-12)


def test_rows_below_zero_take_no_part(random_rows):
    audio, text, _ = random_rows(6)
    labels = torch.tensor([0, 1, 0, -1, 2, -1])
    kept = labels >= 0
    scale = torch.tensor(2.0)
    few = info_nce(unit(audio)[kept], unit(text)[kept], labels[kept], labels[kept], scale, "multi_out")
    many = info_nce(unit(audio), unit(text), labels, labels, scale, "multi_out")
    assert many.item() == pytest.approx(few.item(), abs=1e-12)
