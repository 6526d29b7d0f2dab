"""What AAM-softmax and SphereFace2 share: centres, drawn classes, and a margin that grows."""

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from kwskit.losses.aam_softmax import AAMSoftmax
from kwskit.losses.sphereface2 import SphereFace2
from kwskit.losses.terms.keyword_classifier import KeywordClassifier

LOSSES = [
    (AAMSoftmax, {"scale": 4.0}),
    (AAMSoftmax, {"scale": 4.0, "sub_centres": 3}),
    (SphereFace2, {"scale": 4.0}),
    (SphereFace2, {"scale": 4.0, "margin_type": "A", "detach_g": True}),
]
by_loss = pytest.mark.parametrize(("kind", "arguments"), LOSSES)


def pair(kind, arguments, classes, dim, drawn):
    """The same classifier with all classes and with drawn ones."""
    full = kind(classes, dim, **arguments)
    sampled = kind(classes, dim, sample_classes=drawn, **arguments)
    sampled.load_state_dict(full.state_dict())
    return full, sampled


class Sums(KeywordClassifier):
    """The sum over other words of exp(cosine): what drawing is to preserve."""

    def logits(self, cosine, own):
        return cosine

    def utterance_losses(self, own, others, shares):
        return others.exp().sum(1) if shares is None else others.exp() @ shares


@by_loss
def test_drawing_all_words_is_no_drawing(embed, random_rows, kind, arguments):
    audio, _, words = random_rows(6, dim=4, labels=[1, 1, 4, 0, 9, 9])
    full, sampled = pair(kind, arguments, 40, 4, 40)
    values = []
    for loss in (full, sampled):
        value = loss(embed(audio, audio, words))
        values.append((value, *torch.autograd.grad(value, list(loss.parameters()))))
    torch.testing.assert_close(values[1], values[0], atol=1e-9, rtol=0)


@pytest.mark.parametrize(
    ("kind", "arguments"), [(SphereFace2, {"scale": 4.0}), (Sums, {"margin": 0.0}), (AAMSoftmax, {"scale": 4.0})]
)
def test_drawn_words_keep_the_expectation_of_a_sum(embed, random_rows, kind, arguments):
    audio, _, words = random_rows(6, dim=4, labels=[1, 1, 4, 0, 9, 9])
    full, sampled = pair(kind, arguments, 40, 4, 10)
    rows = embed(audio, audio, words)
    # What stands under AAM-softmax's logarithm is a sum too, for a single utterance.
    of = (lambda value: value.exp()) if kind is AAMSoftmax else lambda value: value
    rows = embed(audio[:1], audio[:1], words[:1]) if kind is AAMSoftmax else rows
    values = torch.stack([of(sampled(rows).detach()) for _ in range(600)])
    assert values.std() > 0
    assert abs(values.mean() - of(full(rows))) < 4 * values.std() / len(values) ** 0.5


def test_drawn_words_are_new_words_and_stand_for_all_the_others():
    loss = AAMSoftmax(12, 4, sample_classes=3)
    words = torch.tensor([5, 2, 5, 0])
    seen = set()
    for _ in range(50):
        column, drawn, shares = loss._draw(words)
        assert torch.equal(drawn[column], words)
        assert shares[:4].sum() == 3  # words 0, 2 and 5 once each
        assert len(set(drawn[4:].tolist()) - {0, 2, 5}) == 3
        assert shares[4:].tolist() == [3.0] * 3  # three of nine
        seen |= set(drawn[4:].tolist())
    assert seen == set(range(12)) - {0, 2, 5}
    _, _, shares = AAMSoftmax(3, 4, sample_classes=9)._draw(words=torch.tensor([0, 1, 2]))
    assert shares.tolist() == [1, 1, 1, 0, 0, 0]  # no other word is left


@by_loss
def test_only_drawn_centres_learn(embed, random_rows, kind, arguments):
    audio, _, words = random_rows(4, dim=4, labels=[1, 1, 2, 2])
    loss = kind(1000, 4, sample_classes=5, **arguments)
    loss(embed(audio, audio, words)).backward()
    learning = (loss.centres.grad.abs().sum(1) > 0).nonzero().flatten().tolist()
    assert {1, 2} <= set(learning)
    assert len(learning) == 7


class LargestTensor(TorchDispatchMode):
    """Remembers how many values the largest tensor made by any operation has."""

    largest = 0

    def __torch_dispatch__(self, function, types, arguments=(), keywords=None):
        result = function(*arguments, **(keywords or {}))
        for made in result if isinstance(result, list | tuple) else [result]:
            if isinstance(made, torch.Tensor):
                self.largest = max(self.largest, made.numel())
        return result


@pytest.mark.parametrize(
    ("kind", "arguments"), [(AAMSoftmax, {"inter_top_k": 5}), (SphereFace2, {"margin_type": "A"}), (SphereFace2, {})]
)
def test_nothing_of_utterances_times_words_is_made(embed, random_rows, kind, arguments):
    classes, count, dim = 210_000, 8, 2
    audio, _, words = random_rows(count, dim=dim, labels=[1, 1, 70_000, 70_000, 5, 5, 209_999, 209_999])
    sizes = {}
    for drawn in (64, None):
        loss = kind(classes, dim, sample_classes=drawn, **arguments)
        rows = embed(audio.requires_grad_(), audio, words)
        with LargestTensor() as watch:
            loss(rows).backward()
        sizes[drawn] = watch.largest
    assert sizes[None] == classes * count
    assert sizes[64] == classes * dim  # the centres' gradient


@by_loss
def test_only_matched_pairs_are_classified(embed, random_rows, kind, arguments):
    audio, text, words = random_rows(6, dim=4, labels=[1, 1, 3, 3, 0, 0])
    matched = torch.tensor([True, False, True, False, True, False])
    loss = kind(5, 4, **arguments)
    given = loss(embed(audio, text, words, matched=matched))
    assert given.item() == pytest.approx(loss(embed(audio[::2], text[::2], words[::2])).item(), abs=1e-12)
    assert loss(embed(audio, text, words, matched=torch.zeros(6, dtype=torch.bool))).item() == 0


KINDS = [
    (AAMSoftmax, {}, 0.0, 0.2),
    (SphereFace2, {}, 0.0, 0.2),
    (SphereFace2, {"margin_type": "A"}, 0.0, 0.15),
    (SphereFace2, {"margin_type": "M"}, 1.0, 1.5),
]


@pytest.mark.parametrize(("kind", "arguments", "none", "full"), KINDS)
@pytest.mark.parametrize(
    ("growth", "shares"),
    # Exponential: 1 - 0.001 ** u.
    [("linear", [0.0, 0.25, 0.5, 0.75]), ("exponential", [0.0, 0.822172058996, 0.968377223398, 0.994376586748])],
)
def test_margin_grows_between_two_shares_of_the_training(kind, arguments, none, full, growth, shares):
    loss = kind(3, 4, margin_start=0.2, margin_end=0.6, margin_growth=growth, **arguments)
    assert loss.current_margin == none
    margins = []
    for progress in (0.0, 0.2, 0.3, 0.4, 0.5, 0.6, 1.0):
        loss.set_progress(progress)
        margins.append(loss.current_margin)
    expected = [none] + [none + share * (full - none) for share in shares] + [full, full]
    assert margins == pytest.approx(expected, abs=1e-9)
    assert kind(3, 4, **arguments).current_margin == full


def test_a_margin_that_has_not_begun_costs_nothing(embed, random_rows):
    audio, _, words = random_rows(5, dim=4)
    for kind, arguments in ((AAMSoftmax, {"inter_top_k": 2}), (SphereFace2, {}), (SphereFace2, {"margin_type": "A"})):
        growing, without = kind(4, 4, margin_end=1.0, **arguments), kind(4, 4, margin=0.0)
        without.load_state_dict(growing.state_dict())
        rows = embed(audio, audio, words)
        assert growing(rows).item() == pytest.approx(without(rows).item(), abs=1e-9)


@pytest.mark.parametrize(
    "arguments",
    [
        {"num_classes": 1},
        {"sub_centres": 0},
        {"sample_classes": 0},
        {"margin_start": 0.5, "margin_end": 0.2},
        {"margin_end": 1.5},
        {"margin_growth": "linaer"},
    ],
)
def test_impossible_arguments_are_refused(arguments):
    with pytest.raises(ValueError, match=next(iter(arguments))):
        AAMSoftmax(**{"num_classes": 5, **arguments})


def test_the_base_class_says_what_is_missing(embed, random_rows):
    with pytest.raises(NotImplementedError, match=r"must define logits\(cosine, own\)"):
        KeywordClassifier(9, 5, 0.0)(embed(*random_rows()))
    with pytest.raises(NotImplementedError, match=r"must define utterance_losses\(own, others, shares\)"):
        KeywordClassifier(9, 5, 0.0).utterance_losses(torch.zeros(1), torch.zeros(1, 2), None)
