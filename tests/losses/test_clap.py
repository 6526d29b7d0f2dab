import math

import pytest
import torch
import torch.nn.functional as F

from kwskit.losses.clap import Clap

CLIP = {"log_scale": math.log(1 / 0.07), "max_log_scale": math.log(100)}


@pytest.mark.parametrize("level", ["utt", "phn"])
@pytest.mark.parametrize(
    ("arguments", "value"),
    [
        ({"positives": "diag", **CLIP}, 2.720427227834076),
        ({"positives": "diag"}, 1.021435317565818),
        ({"positives": "multi_out", **CLIP}, 1.387093894500743),
        ({"positives": "multi_in", **CLIP}, 0.026791114394948856),
    ],
)
def test_stated_values(embed, fixture_a, level, arguments, value):
    loss = Clap(**arguments, level=level)
    assert loss(embed(*fixture_a, lengths=[2, 1])).item() == pytest.approx(value, abs=1e-9)
    assert loss.metrics["scale"].item() == pytest.approx(math.exp(arguments.get("log_scale", 1.0)))


def test_stated_gradients_by_similarity_and_scale(fixture_a):
    audio, text, labels = fixture_a
    audio.requires_grad_(), text.requires_grad_()
    stated = torch.tensor(
        [
            [-4.413953760384709, 0.02038447083854493, 4.299523785641426],
            [2.813979058242144e-06, -0.1371478741216622, 0.3479510015200512],
            [4.624756887783098, 2.9658084105420063e-06, -4.741520291066215],
        ]
    )
    cosines = F.cosine_similarity(audio[:, None], text, dim=-1)
    carried = torch.autograd.grad((cosines * stated).sum(), (audio, text))
    loss = Clap("diag", **CLIP)
    *found, by_scale = torch.autograd.grad(loss.pair_loss(audio, text, labels), (audio, text, *loss.parameters()))
    torch.testing.assert_close(tuple(found), carried, atol=1e-9, rtol=0)
    assert by_scale.item() == pytest.approx(2.5296681486488755, abs=1e-9)


def test_zero_similarities_give_the_logarithm_of_their_number():
    rows = torch.zeros(4, 3)
    assert Clap("diag").pair_loss(rows, rows, torch.arange(4)).item() == pytest.approx(math.log(4), abs=1e-12)


def cross_entropies(audio, text):
    logits = math.e * F.normalize(audio) @ F.normalize(text).T
    own = torch.arange(len(audio))
    return (F.cross_entropy(logits, own) + F.cross_entropy(logits.T, own)).item() / 2


def test_views_are_jmcls_mean_over_views(random_rows):
    audio, text, labels = random_rows(9, labels=[3, 0, 5, 5, 3, 0, 0, 3, 5])
    views = [[0, 1, 2], [3, 4, 5], [6, 7, 8]]
    expected = sum(cross_entropies(audio[view], text[view]) for view in views) / 3
    assert Clap().pair_loss(audio, text, labels).item() == pytest.approx(expected, abs=1e-9)


def test_words_with_fewer_utterances_are_missing_from_the_last_views(random_rows):
    audio, text, labels = random_rows(6, labels=[3, 0, 3, 5, 3, 0])
    views = [[0, 1, 3], [2, 5], [4]]
    sums = [len(view) * cross_entropies(audio[view], text[view]) for view in views]
    assert sums[2] == 0
    assert Clap().pair_loss(audio, text, labels).item() == pytest.approx(sum(sums) / 6, abs=1e-9)


def test_views_follow_the_order_inside_a_word_and_no_other(random_rows):
    audio, text, labels = random_rows(6, labels=[3, 0, 3, 5, 3, 0])
    value = Clap().pair_loss(audio, text, labels).item()
    for order, same in [([3, 1, 0, 2, 5, 4], True), ([2, 1, 0, 3, 4, 5], False)]:
        other = Clap().pair_loss(audio[order], text[order], labels[order]).item()
        assert (other == pytest.approx(value, abs=1e-9)) is same


def test_unique_text_equals_loops(random_rows):
    audio, text, labels = random_rows(7, labels=[4, 0, 4, 2, 0, 4, 9])
    words = [0, 2, 4, 9]
    texts = F.normalize(torch.stack([F.normalize(text)[labels == word].mean(0) for word in words]))
    logits = math.e * F.normalize(audio) @ texts.T
    to_text = F.cross_entropy(logits, torch.tensor([words.index(label) for label in labels]))
    own = (torch.tensor(words)[:, None] == labels).double()
    to_audio = F.cross_entropy(logits.T, own / own.sum(1, keepdim=True))
    value = Clap("unique_text").pair_loss(audio, text, labels).item()
    assert value == pytest.approx((to_text + to_audio).item() / 2, abs=1e-9)


def test_scale_is_put_back_to_its_limit_and_can_leave_it(random_rows):
    audio, text, labels = random_rows(6)
    loss = Clap("multi_out", 2.0, 2.5)
    with torch.no_grad():
        loss.scale.log_scale.fill_(7.0)
    loss.pair_loss(audio, text, labels).backward()
    assert loss.scale.log_scale.item() == 2.5
    assert loss.scale.log_scale.grad.item() > 0
    assert loss.scale.log_scale.weight_decay == 0.0
    free = Clap("multi_out", 2.0)
    with torch.no_grad():
        free.scale.log_scale.fill_(7.0)
    free.pair_loss(audio, text, labels)
    assert free.scale.log_scale.item() == 7.0


def test_impossible_arguments_are_refused():
    with pytest.raises(ValueError, match="positives must be one of"):
        Clap("masked")
    with pytest.raises(ValueError, match=r"at most max_log_scale 4\.6, not 5"):
        Clap(log_scale=5.0, max_log_scale=4.6)
