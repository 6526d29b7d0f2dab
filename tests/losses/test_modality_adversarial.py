import math

import pytest
import torch

from kwskit.batch import length_mask
from kwskit.losses.modality_adversarial import ModalityAdversarial, ModalityClassifier, reverse_gradient


def test_reversal_of_a_square():
    x = torch.tensor(1.5, requires_grad=True)
    value = reverse_gradient(x, 0.1) ** 2
    value.backward()
    assert value.item() == 2.25
    assert x.grad.item() == pytest.approx(-0.3, abs=1e-12)


def confused(loss):
    """A classifier that answers 0, 0 to everything."""
    for classifier in loss.classifiers.values():
        torch.nn.init.zeros_(classifier.layers[-1].weight)
        torch.nn.init.zeros_(classifier.layers[-1].bias)
    return loss


@pytest.mark.parametrize("shared", [True, False])
@pytest.mark.parametrize(
    ("levels", "value"),
    [
        (["phn"], 1.3862943611198906),
        (["utt"], 1.3862943611198906),
        (["frame"], 1.3862943611198906),
        (["phn", "utt"], 2.772588722239781),
        (["phn", "utt", "frame"], 4.1588830833596715),
    ],
)
def test_chance_is_two_ln_two_a_level(embed, random_rows, levels, value, shared):
    loss = confused(ModalityAdversarial(levels, dim=5, shared=shared))
    assert loss(embed(*random_rows())).item() == pytest.approx(value, abs=1e-12)
    names = {f"{metric}_{level}" for metric in ("accuracy", "cross_entropy") for level in levels}
    assert set(loss.metrics) == names | {"chance"}
    for name in names - {f"accuracy_{level}" for level in levels}:
        assert loss.metrics[name].item() == pytest.approx(loss.metrics["chance"].item(), abs=1e-12)
    assert loss.metrics["chance"].item() == pytest.approx(math.log(2), abs=1e-12)


class Passthrough(torch.nn.Module):
    def forward(self, x):
        return x


def test_stated_value_of_given_logits(embed):
    loss = ModalityAdversarial(["utt"], dim=2)
    loss.classifiers["all"] = Passthrough()
    audio, text = torch.tensor([[2.0, 0.0]]), torch.tensor([[0.0, 1.0]])
    assert loss(embed(audio, text, torch.tensor([0]))).item() == pytest.approx(0.4401896985611954, abs=1e-12)
    assert loss.metrics["accuracy_utt"].item() == 1
    loss(embed(text, audio, torch.tensor([0])))
    assert loss.metrics["accuracy_utt"].item() == 0


@pytest.mark.parametrize("normalize", [False, True])
def test_equals_cross_entropy_loops(embed, random_rows, normalize):
    audio, text, labels = random_rows(6)
    loss = ModalityAdversarial(dim=5, hidden_size=7, hidden_layers=1, shared=False, normalize=normalize)
    expected, told = 0.0, {"chance": math.log(2)}
    for level in ("phn", "utt"):
        hits, before = 0, expected
        for rows, target in ((audio, 0), (text, 1)):
            for x in rows:
                x = x / x.norm() if normalize else x
                p = loss.classifiers[level](x[None]).softmax(1)[0].tolist()
                expected -= math.log(p[target]) / len(rows)
                hits += int(p[target] > 0.5)
        told |= {f"accuracy_{level}": hits / 12, f"cross_entropy_{level}": (expected - before) / 2}
    assert loss(embed(audio, text, labels, lengths=[4, 2])).item() == pytest.approx(expected, abs=1e-9)
    assert {name: value.item() for name, value in loss.metrics.items()} == pytest.approx(told)


def unaligned(embeddings, random_rows):
    """The embeddings with frames of their own: 4, 0 and 2 of them, in a system without an aligner."""
    embeddings.audio_frames, _, _ = (x.reshape(3, 4, -1) for x in random_rows(12))
    embeddings.audio_mask = length_mask(torch.tensor([4, 0, 2]), 4)

    def refuse(*_):
        raise ValueError("no aligner")

    embeddings.align = refuse
    return embeddings


@pytest.mark.parametrize("matched", [None, [True, True, False], [False, True, True]])
def test_frames_and_tokens_need_no_aligner(embed, random_rows, matched):
    emb = unaligned(embed(*random_rows(6), lengths=[1, 3, 2], padding=1), random_rows)
    emb.matched = None if matched is None else torch.tensor(matched)
    loss = ModalityAdversarial(["frame"], dim=5, hidden_size=7)
    surprise = [[], []]
    for row in range(3):
        if matched is not None and not matched[row]:
            continue
        for modality, (rows, mask) in enumerate(((emb.audio_frames, emb.audio_mask), (emb.text_tokens, emb.text_mask))):
            for x in rows[row, : int(mask[row].sum())]:
                surprise[modality].append(-math.log(loss.classifiers["all"](x[None]).softmax(1)[0, modality].item()))
    expected = sum(sum(values) / len(values) for values in surprise)
    assert loss(emb).item() == pytest.approx(expected, abs=1e-9)
    assert set(loss.metrics) == {"accuracy_frame", "cross_entropy_frame", "chance"}


def test_frames_of_a_batch_without_speech_or_text_cost_nothing(embed, random_rows):
    for empty in ("audio_mask", "text_mask"):
        emb = unaligned(embed(*random_rows(6), lengths=[1, 3, 2]), random_rows)
        setattr(emb, empty, torch.zeros_like(getattr(emb, empty)))
        emb.audio_frames.requires_grad_()
        value = ModalityAdversarial(["frame"], dim=5)(emb)
        assert value.item() == 0
        value.backward()


@pytest.mark.parametrize("level", ["phn", "utt"])
def test_only_matched_pairs_take_part(embed, random_rows, level):
    audio, text, labels = random_rows(6)
    loss = ModalityAdversarial([level], dim=5)
    matched = torch.tensor([True, False, True, True, False, False])
    kept = loss(embed(audio[matched], text[matched], labels[matched]))
    assert loss(embed(audio, text, labels, matched=matched)).item() == pytest.approx(kept.item(), abs=1e-12)
    assert loss(embed(audio, text, labels, matched=~matched & matched)).item() == 0


def test_encoders_climb_while_the_classifier_descends(embed, random_rows):
    audio, text, labels = random_rows(6)
    gradients = {}
    for reversal in (-1.0, 0.3):  # -1 undoes the reversal
        torch.manual_seed(1)
        loss = ModalityAdversarial(["utt"], dim=5, reversal=reversal)
        rows = audio.clone().requires_grad_(), text.clone().requires_grad_()
        gradients[reversal] = torch.autograd.grad(loss(embed(*rows, labels)), (*rows, *loss.parameters()))
    for plain, reversed_ in zip(gradients[-1.0][:2], gradients[0.3][:2], strict=True):
        assert plain.abs().sum() > 0
        torch.testing.assert_close(reversed_, -0.3 * plain)
    torch.testing.assert_close(gradients[0.3][2:], gradients[-1.0][2:])


@pytest.mark.parametrize("normalize", [False, True])
def test_with_even_odds_encoders_descend_to_where_the_classifier_knows_nothing(embed, random_rows, normalize):
    audio, text, labels = random_rows(6)
    rows = audio.clone().requires_grad_(), text.clone().requires_grad_()
    losses = {}
    for confusion in ("reversed", "uniform"):
        torch.manual_seed(1)
        losses[confusion] = ModalityAdversarial(
            ["utt"], dim=5, confusion=confusion, reversal=0.3, normalize=normalize, shared=False
        )
    values = {name: loss(embed(*rows, labels)) for name, loss in losses.items()}
    assert values["uniform"].item() == pytest.approx(values["reversed"].item(), abs=1e-12)
    told = [{key: value.item() for key, value in loss.metrics.items()} for loss in losses.values()]
    assert told[0] == told[1]
    weights = {
        name: torch.autograd.grad(values[name], list(losses[name].parameters()), retain_graph=True) for name in losses
    }
    torch.testing.assert_close(weights["uniform"], weights["reversed"])

    found = torch.autograd.grad(values["uniform"], rows)
    classifier = losses["uniform"].classifiers["utt"]
    expected = torch.zeros((), dtype=torch.float64)
    for side in rows:
        for x in side:
            p = classifier((x / x.norm() if normalize else x)[None]).softmax(1)[0]
            expected = expected - 0.3 * (p[0].log() + p[1].log()) / 2 / len(side)
    torch.testing.assert_close(found, torch.autograd.grad(expected, rows))
    assert all(gradient.abs().sum() > 0 for gradient in found)
    lost = torch.autograd.grad(confused(losses["uniform"])(embed(*rows, labels)), rows)
    assert all((gradient == 0).all() for gradient in lost)  # at chance there is nothing to gain


def test_dann_schedule_ramps_the_reversal():
    loss = ModalityAdversarial(dim=4, reversal=2.0, schedule="dann")
    for progress, ramp in {
        0.0: 0.0,
        0.1: 0.4621171572600098,
        0.25: 0.8482836399575131,
        0.5: 0.9866142981514305,
        1.0: 0.9999092042625952,
    }.items():
        loss.set_progress(progress)
        assert loss.current_reversal == pytest.approx(2 * ramp, abs=1e-9)
    constant = ModalityAdversarial(dim=4)
    constant.set_progress(0.0)
    assert constant.current_reversal == 1.0


def test_classifier_sizes():
    count = [sum(p.numel() for p in ModalityClassifier(hidden_layers=layers).parameters()) for layers in (2, 1)]
    assert count == [132_098, 66_306]
    one, two = (sum(p.numel() for p in ModalityAdversarial(shared=s).parameters()) for s in (True, False))
    assert (one, two) == (132_098, 264_196)


@pytest.mark.parametrize(
    "arguments",
    [
        {"levels": []},
        {"levels": ["word"]},
        {"levels": ["utt", "utt"]},
        {"schedule": "step"},
        {"confusion": "both"},
        {"hidden_layers": 0},
    ],
)
def test_impossible_arguments_are_refused(arguments):
    with pytest.raises(ValueError, match=next(iter(arguments))):
        ModalityAdversarial(**arguments)
