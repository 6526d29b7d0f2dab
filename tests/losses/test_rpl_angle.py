import math

import pytest
import torch

from kwskit.losses.rpl_angle import RelationalAngle, mean_angle_difference
from kwskit.losses.rpl_distance import distance_structure
from kwskit.losses.terms import angle_structure as module

TEACHER = torch.tensor([[0.0, 0.0], [3.0, 0.0], [0.0, 4.0]], dtype=torch.float64)
STUDENT = torch.tensor([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]], dtype=torch.float64)


def by_loops(audio, text, labels=None):
    """Mean over all triples, and over those of distinct rows that are not left out."""

    def cosine(points, i, j, k):
        if labels is not None and (
            labels[i] == labels[j]
            or labels[k] == labels[j]
            or not ((text[i] - text[j]).any() and (text[k] - text[j]).any())
        ):
            return 0.0
        u, v = points[i] - points[j], points[k] - points[j]
        lengths = u.norm() * v.norm()
        return (u @ v / lengths).item() if lengths > 0 else 0.0

    def kept(i, j, k):
        if len({i, j, k}) < 3:
            return False
        return labels is None or (cosine(text, i, j, i) and cosine(text, k, j, k))

    count = range(len(audio))
    total, number = 0.0, 0
    for i in count:
        for j in count:
            for k in count:
                x = abs(cosine(audio, i, j, k) - cosine(text, i, j, k))
                total += x * x / 2 if x <= 1 else x - 0.5
                number += bool(kept(i, j, k))
    return total / len(audio) ** 3, total / max(1, number)


@pytest.mark.parametrize(("reduction", "value"), [("mean", 0.0007444819510247017), ("valid", 0.0033501687796111575)])
def test_stated_values_of_the_triangles(reduction, value):
    loss = RelationalAngle(normalize=False, reduction=reduction)
    assert loss.pair_loss(STUDENT, TEACHER, torch.arange(3)).item() == pytest.approx(value, abs=1e-12)


def test_stated_value_on_fixture_b(embed, fixture_b):
    loss = RelationalAngle(mask_same_word=False)
    assert loss(embed(*fixture_b)).item() == pytest.approx(0.0723665121610859, abs=1e-9)


@pytest.mark.parametrize("masked", [True, False])
def test_equals_loops(random_rows, masked):
    audio, text, labels = random_rows(8, labels=[0, 0, 1, 1, 2, 2, 3, 4])
    text = text[labels]
    text[7] = text[6]  # homophones: two words, one text
    means = by_loops(audio, text, labels if masked else None)
    for reduction, mean in zip(("mean", "valid"), means, strict=True):
        loss = RelationalAngle(mask_same_word=masked, normalize=False, reduction=reduction)
        assert loss.pair_loss(audio, text, labels).item() == pytest.approx(mean, abs=1e-9)


@pytest.mark.parametrize("values", [1, 200, 10**9])
def test_blocks_change_neither_value_nor_gradient(monkeypatch, random_rows, values):
    audio, text, labels = random_rows(9)
    audio.requires_grad_(), text.requires_grad_()
    monkeypatch.setattr(module, "CPU_CHUNK_VALUES", values)
    value = mean_angle_difference(audio, text, labels)
    found = torch.autograd.grad(value, (audio, text))

    def directly(points):
        edges = torch.nn.functional.normalize(points[:, None] - points, dim=-1)
        edges = edges * (labels[:, None] != labels)[:, :, None]
        return torch.einsum("ijd,kjd->ijk", edges, edges)

    direct = torch.nn.functional.smooth_l1_loss(directly(audio), directly(text))
    assert value.item() == pytest.approx(direct.item(), abs=1e-12)
    torch.testing.assert_close(found, torch.autograd.grad(direct, (audio, text)), atol=1e-12, rtol=1e-9)


def test_keywords_compare_class_means(random_rows):
    audio, text, labels = random_rows(8, labels=[7, 7, 2, 2, 5, 5, 5, 9])
    found = RelationalAngle("keywords", normalize=False).pair_loss(audio, text, labels)
    means = [torch.stack([x[labels == c].mean(0) for c in (2, 5, 7, 9)]) for x in (audio, text)]
    assert found.item() == pytest.approx(mean_angle_difference(*means).item(), abs=1e-12)


def test_zero_under_similarity_transforms(random_rows):
    _, text, labels = random_rows(7, dim=3, labels=range(7))
    rotation = torch.linalg.qr(torch.randn(3, 3)).Q
    audio = 2.5 * text @ rotation.T + torch.tensor([3.0, -1.0, 8.0])
    assert distance_structure(audio, text).item() == pytest.approx(0, abs=1e-18)
    assert mean_angle_difference(audio, text, labels).item() == pytest.approx(0, abs=1e-18)


def test_rotation_by_a_radian_goes_unseen(fixture_b):
    _, text, _ = fixture_b
    turn = torch.tensor([[math.cos(1.1), -math.sin(1.1)], [math.sin(1.1), math.cos(1.1)]])
    audio = text @ turn.T
    assert distance_structure(audio, text).item() == pytest.approx(0, abs=1e-18)
    assert mean_angle_difference(audio, text).item() == pytest.approx(0, abs=1e-18)
    assert (audio * text).sum(1).mean().item() == pytest.approx(0.4535961214255773, abs=1e-9)


def test_phoneme_level_needs_keywords():
    with pytest.raises(ValueError, match="points: keywords"):
        RelationalAngle(level="phn")
    with pytest.raises(ValueError, match="points must be one of"):
        RelationalAngle("words")
