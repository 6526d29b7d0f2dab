import math

import pytest
import torch

from kwskit.embeddings import INFEASIBLE, Match
from kwskit.losses.detection import Detection
from kwskit.losses.phoneme_detection import PhonemeDetection, spoken_in_place


@pytest.fixture
def judged(embed):
    """``judged(scores, matched, token_logits, typed, spoken)``: pairs with a matcher's verdict."""

    def build(scores, matched, token_logits=None, typed=None, spoken=None):
        count = len(scores)
        typed = [[5]] * count if typed is None else typed
        lengths = [len(ids) for ids in typed]
        ids = torch.tensor([index for row in typed for index in row])
        rows = torch.zeros(len(ids), 2)
        emb = embed(rows, rows, ids, lengths=lengths, padding=1)
        emb.matched = None if matched is None else torch.tensor(matched)
        if spoken is not None:
            longest = max(map(len, spoken)) + 1
            emb.spoken_ids = torch.tensor([row + [0] * (longest - len(row)) for row in spoken])
            emb.spoken_mask = torch.tensor([[k < len(row) for k in range(longest)] for row in spoken])
        emb.compare = lambda emb: Match(torch.tensor(scores), token_logits)
        return emb

    return build


def test_logits_of_nought_cost_ln_2(judged):
    emb = judged([0.0, 0.0], [True, False], torch.zeros(2, 2), [[3], [4]], [[3], [3]])
    assert Detection()(emb).item() == pytest.approx(math.log(2), abs=1e-12)
    assert PhonemeDetection()(emb).item() == pytest.approx(math.log(2), abs=1e-12)


def test_detection_is_the_mean_cross_entropy_of_pairs(judged):
    scores, matched = [1.3, -0.4, 2.0, -5.0], [True, True, False, False]
    loss = Detection()
    value = loss(judged(scores, matched))
    chances = [1 / (1 + math.exp(-s)) for s in scores]
    naive = -sum(math.log(p if m else 1 - p) for p, m in zip(chances, matched, strict=True)) / 4
    assert value.item() == pytest.approx(naive, abs=1e-12)
    assert loss.metrics["accuracy"].item() == 0.5


def test_pairs_that_cannot_be_aligned_cost_nothing(judged):
    expected = Detection()(judged([1.3, -0.4], [True, False])).item()
    assert Detection()(judged([1.3, INFEASIBLE, -0.4], [True, True, False])).item() == pytest.approx(expected)
    assert Detection()(judged([INFEASIBLE], [True])).item() == 0


def test_tokens_count_as_spoken_by_their_position():
    class Pair:
        token_ids = torch.tensor([[3, 5, 7]])
        text_mask = torch.ones(1, 3, dtype=torch.bool)
        spoken_ids, spoken_mask = torch.tensor([[3, 6]]), torch.ones(1, 2, dtype=torch.bool)

    assert spoken_in_place(Pair).tolist() == [[True, False, False]]


def test_phoneme_detection_is_the_mean_over_valid_tokens(judged):
    typed, spoken = [[3, 5, 7], [4], [9, 9]], [[3, 6], [4, 4, 4, 4], [8, 9, 7]]
    logits = torch.tensor([[1.0, 2.0, -1.0, 99.0], [0.5, 99.0, 99.0, 99.0], [-2.0, 3.0, 99.0, 99.0]])
    value = PhonemeDetection()(judged([0.0] * 3, [True, True, False], logits, typed, spoken))
    total = 0.0
    for n, (text, speech) in enumerate(zip(typed, spoken, strict=True)):
        for k, token in enumerate(text):
            said = k < len(speech) and speech[k] == token
            p = 1 / (1 + math.exp(-float(logits[n, k])))
            total -= math.log(p if said else 1 - p)
    assert value.item() == pytest.approx(total / 6, abs=1e-12)


def test_a_matcher_without_token_logits_is_named(judged):
    with pytest.raises(ValueError, match="self_attention_gru"):
        PhonemeDetection()(judged([0.0], [True]))


def test_a_system_that_compares_embeddings_is_told_so(embed):
    rows = torch.zeros(1, 2)
    with pytest.raises(ValueError, match="pair_matcher"):
        Detection()(embed(rows, rows, torch.tensor([1])))
