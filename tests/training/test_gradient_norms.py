import math

import pytest
import torch

from kwskit.hparams import build_hparams, resolve_hparams
from kwskit.stages.train import train
from kwskit.training.gradient_norms import ENCODERS, gradient_norms
from tests.training.test_no_host_sync import ADML, SMALL, words

LOSSES = ("utt", "phn", "key", "mm", "adv")
NO_SCALE = torch.amp.GradScaler("cpu", enabled=False)


@pytest.fixture
def system():
    torch.manual_seed(1)
    overrides = {**SMALL, "wave_augment": "null", "feature_augment": "null"}
    return build_hparams(resolve_hparams(ADML, [], overrides), ADML)["system"].double().train()


def losses_of(system):
    torch.manual_seed(2)
    batch = words()
    batch.wav = batch.wav.double()
    return system(batch, torch.Generator())


def norms_one_by_one(system):
    """What each loss leaves in ``.grad`` when it is the only one."""
    found = {}
    for name in LOSSES:
        system.zero_grad()
        losses_of(system)[name].backward()
        for side, encoder in ENCODERS.items():
            squares = [
                p.grad.square().sum().item() for p in getattr(system, encoder).parameters() if p.grad is not None
            ]
            found[f"{name}.gradient_{side}"] = math.sqrt(sum(squares))
    system.zero_grad()
    return found


@pytest.mark.parametrize("scaler", [NO_SCALE, torch.amp.GradScaler("cpu", init_scale=1024.0)])
def test_norms_are_those_of_each_loss_alone(system, scaler):
    expected = norms_one_by_one(system)
    losses = losses_of(system)
    norms = gradient_norms(losses, system, scaler)
    assert all(p.grad is None for p in system.parameters())
    assert list(norms) == [f"{name}.gradient_{side}" for name in LOSSES for side in ("acoustic", "text")]
    assert {name: norm.item() for name, norm in norms.items()} == pytest.approx(expected, rel=1e-6)
    assert norms["key.gradient_text"] == 0 < norms["key.gradient_acoustic"]
    torch.stack(list(losses.values())).sum().backward()  # the step's own way back is still open


def test_an_adversary_pulls_as_strongly_as_its_reversal(system):
    whole = gradient_norms(losses_of(system), system, NO_SCALE)
    system.losses.adv.current_reversal = 0.3
    less = gradient_norms(losses_of(system), system, NO_SCALE)
    for side in ENCODERS:
        assert less[f"adv.gradient_{side}"].item() == pytest.approx(0.3 * whole[f"adv.gradient_{side}"].item())


def test_a_frozen_encoder_has_no_norm_and_a_loss_of_nothing_has_none_either(system):
    system.text_encoder.requires_grad_(False)
    norms = gradient_norms({"nothing": torch.tensor(1.0), **losses_of(system)}, system, NO_SCALE)
    assert list(norms) == [f"{name}.gradient_acoustic" for name in ("nothing", *LOSSES)]
    assert norms["nothing.gradient_acoustic"] == 0
    system.acoustic_encoder.requires_grad_(False)
    assert gradient_norms(losses_of(system), system, NO_SCALE) == {}


def test_training_measures_now_and_then_and_learns_the_same(config, mini_corpus, tmp_path):
    runs = {}
    for steps in ("4", "null"):
        exp = tmp_path / steps
        overrides = {"training.epochs": "2", "training.log_steps": "2", "training.gradient_steps": steps}
        train(config, mini_corpus, exp, overrides=overrides, device="cpu")
        table = [row.split("\t") for row in (exp / "train" / "steps.tsv").read_text().splitlines()]
        runs[steps] = table, torch.load(exp / "train" / "last.pt", weights_only=True)["system"]
    (header, *rows), weights = runs["4"]
    measured = [column for column in header if ".gradient_" in column]
    assert measured == [f"{name}.gradient_{side}" for name in ("utt", "phn", "key", "adv") for side in ENCODERS]
    assert [row[0] for row in rows] == ["1", "2", "5"]  # 3 batches an epoch: lines at 2 and 5, measurements at 1 and 5
    for row in rows:
        values = dict(zip(header, row, strict=True))
        assert (values["utt.gradient_acoustic"] == "nan") == (row[0] == "2")
        assert float(values["adv.chance"]) == pytest.approx(math.log(2), abs=1e-6)
        assert float(values["adv.cross_entropy_utt"]) > 0
    (header, *rows), plain = runs["null"]
    assert not [column for column in header if "gradient" in column]
    assert [row[0] for row in rows] == ["2", "5"]
    assert all(torch.equal(value, plain[name]) for name, value in weights.items())
