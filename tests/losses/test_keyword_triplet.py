import pytest
import torch

from kwskit.losses.keyword_triplet import KeywordTriplet


@pytest.mark.parametrize(("negatives", "value"), [("hardest", 0.5344786249782002), ("semi_hard", 0.032910729160611156)])
def test_stated_values(embed, fixture_b, negatives, value):
    assert KeywordTriplet(negatives=negatives)(embed(*fixture_b)).item() == pytest.approx(value, abs=1e-9)


def by_loops(audio, words, margin, negatives):
    distance = 1 - torch.nn.functional.cosine_similarity(audio[:, None], audio, dim=-1)
    values = []
    for i in range(len(words)):
        away = [distance[i, k].item() for k in range(len(words)) if words[k] != words[i]]
        for j in range(len(words)):
            if i == j or words[i] != words[j] or not away:
                continue
            near = distance[i, j].item()
            further = [d for d in away if d > near]
            negative = min(away) if negatives == "hardest" else min(further) if further else max(away)
            values.append(max(0.0, margin + near - negative))
    return sum(values) / max(1, len(values))


@pytest.mark.parametrize("negatives", ["hardest", "semi_hard"])
@pytest.mark.parametrize(
    "labels", [[4, 0, 4, 2, 0, 4, 9, 2, 2], [1, 1, 1], [0, 1, 2], [7, 7, 7, 7, 7, 2], [3, 3, 1, 1, 1, 8]]
)
def test_equals_loops(random_rows, embed, negatives, labels):
    for seed in range(3):
        audio, _, words = random_rows(len(labels), dim=3, labels=labels, seed=seed)
        value = KeywordTriplet(0.4, negatives)(embed(audio, audio, words)).item()
        assert value == pytest.approx(by_loops(audio, words, 0.4, negatives), abs=1e-9)


def test_semi_hard_negatives_are_truly_further(embed):
    audio = torch.tensor([[1.0, 0.0], [0.0, 1.0], [0.0, -1.0], [-1.0, 0.0]])  # the first is as far from 1 as from 2
    words = torch.tensor([0, 0, 1, 2])
    value = KeywordTriplet(0.4, "semi_hard")(embed(audio, audio, words)).item()
    assert value == pytest.approx(by_loops(audio, words, 0.4, "semi_hard"), abs=1e-9)


@pytest.mark.parametrize("arguments", [{"negatives": "all"}, {"margin": -0.1}])
def test_impossible_arguments_are_refused(arguments):
    with pytest.raises(ValueError, match="must be"):
        KeywordTriplet(**arguments)
