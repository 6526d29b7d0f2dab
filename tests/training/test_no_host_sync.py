"""A training step never makes the host wait for a GPU. Shown without one, on a device that refuses to be waited for."""

import importlib.util
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from speechbrain import Stage

from kwskit.batch import Batch
from kwskit.hparams import build_hparams, plain_value, resolve_hparams
from kwskit.processes import Processes
from kwskit.training.checkpoint import Checkpoints
from kwskit.training.gradient_norms import gradient_norms
from kwskit.training.loss_watch import NonFiniteLoss
from kwskit.training.plan import TrainingPlan
from kwskit.training.trainer import Trainer

ROOT = Path(__file__).parents[2]
ADML = ROOT / "recipes" / "hparams" / "adml.yaml"
KEYS = ("seed", "num_words", "tokenizer", "system", "optimizer", "scheduler", "training")
SMALL = {
    "num_words": "6",
    "dim": "16",
    "channels": "16",
    "mfa_channels": "24",
    "text_hidden": "8",
    "text_layers": "1",
    "training.keywords": "4",
    "training.gradient_steps": "null",  # their line in the log waits
}

HELPER = Path(__file__).with_name("pretended_device.py")
specification = importlib.util.spec_from_file_location(HELPER.stem, HELPER)
helper = importlib.util.module_from_spec(specification)
specification.loader.exec_module(helper)
ELSEWHERE, HostWaits, PretendedDevice = helper.ELSEWHERE, helper.HostWaits, helper.PretendedDevice


@pytest.fixture(autouse=True)
def _no_autocast_elsewhere(monkeypatch):
    """The pretended device has no autocast, and parts that switch it off find nothing to switch."""
    autocast = torch.autocast

    def or_none(device_type, *arguments, **options):
        return nullcontext() if device_type == ELSEWHERE else autocast(device_type, *arguments, **options)

    monkeypatch.setattr(torch, "autocast", or_none)


def words(seed: int = 0) -> Batch:
    """Four words, twice each, of different lengths and pronunciations."""
    random = torch.Generator().manual_seed(seed)
    wav_lens = torch.randint(4000, 9000, (8,), generator=random)
    token_lens = torch.randint(2, 6, (8,), generator=random)
    longest, steps = int(wav_lens.max()), int(token_lens.max())
    wav = 0.1 * torch.randn(8, longest, generator=random) * (torch.arange(longest) < wav_lens[:, None])
    tokens = torch.randint(4, 70, (8, steps), generator=random) * (torch.arange(steps) < token_lens[:, None])
    return Batch(wav, wav_lens, tokens, token_lens, torch.arange(8) // 2, [f"utterance-{n}" for n in range(8)])


def trainer_on(device: str, tmp_path: Path, **overrides: str) -> Trainer:
    """A trainer of the paper's experiment with narrow layers."""
    text = resolve_hparams(ADML, [], {**SMALL, **overrides}, KEYS)
    hparams = build_hparams(text, ADML)
    with PretendedDevice(watching=False):
        return _trainer(hparams, TrainingPlan.from_mapping(plain_value(text, "training")), device, tmp_path)


def _trainer(hparams: dict, plan: TrainingPlan, device: str, tmp_path: Path) -> Trainer:
    trainer = Trainer(
        system=hparams["system"],
        feed=range(1000),
        plan=plan,
        make_optimizer=hparams["optimizer"],
        make_scheduler=hparams["scheduler"],
        validate=lambda system: 0.0,
        checkpoints=Checkpoints(tmp_path, ""),
        log_folder=str(tmp_path),
        seed=1,
        processes=Processes(0, 1, device),
        progress=False,
    )
    trainer.log = None
    trainer.init_optimizers()
    trainer.modules.train()
    return trainer


def test_a_step_of_the_paper_never_waits(tmp_path):
    torch.manual_seed(1)
    trainer = trainer_on(ELSEWHERE, tmp_path)
    with PretendedDevice() as device:
        before = trainer.system.acoustic_encoder.stem.conv.weight.values.clone()
        for step in (1, 2, 3):
            trainer.step = step
            loss = trainer.fit_batch(words(step).to(ELSEWHERE))
        norms = gradient_norms(
            trainer.compute_forward(words().to(ELSEWHERE), Stage.TRAIN), trainer.system, trainer.scaler
        )
        assert len(norms) == 10
        assert device.operations > 1000
        with pytest.raises(HostWaits, match="_local_scalar_dense"):
            loss.item()
    after = trainer.system.acoustic_encoder.stem.conv.weight.values
    assert (before - after).abs().max() > 0
    assert trainer.system.wave_augment.speed.prob > 0  # all of the augmentation took part
    assert trainer.system.feature_augment.time_masks > 0


def test_without_what_the_host_knows_it_would_wait(tmp_path):
    trainer = trainer_on(ELSEWHERE, tmp_path)
    trainer.step = 1
    with PretendedDevice(), pytest.raises(HostWaits, match=r"copies from the device"):
        trainer.fit_batch(replace(words().to(ELSEWHERE), host=None))
    trainer.system.wave_augment = None
    with PretendedDevice(), pytest.raises(HostWaits, match=r"nonzero.* makes the host wait"):
        trainer.fit_batch(replace(words().to(ELSEWHERE), host=None))


def test_a_loss_that_is_not_finite_is_named_when_it_is_looked_at(tmp_path):
    trainer = trainer_on(ELSEWHERE, tmp_path)
    for step in (1, 2, 3):
        batch = words(step)
        batch.utt_id = [f"{step}-{n}" for n in range(8)]
        if step == 2:
            batch.wav[0] = torch.inf
        trainer.step = step
        with PretendedDevice():
            trainer.fit_batch(batch.to(ELSEWHERE))
    with PretendedDevice(watching=False), pytest.raises(NonFiniteLoss, match=r"(?s)epoch 1, batch 2 .*nan.* 2-0 2-1"):
        trainer.watch.look()


def test_what_the_device_computes_is_what_the_host_computes(tmp_path):
    losses = []
    for device in (ELSEWHERE, "cpu"):
        torch.manual_seed(1)
        trainer = trainer_on(device, tmp_path)
        with PretendedDevice():
            trainer.step = 1
            trainer.fit_batch(words().to(device))
            losses.append(trainer.losses)
    assert losses[0].keys() == {"utt", "phn", "key", "mm", "adv"}
    for name, remote in losses[0].items():
        torch.testing.assert_close(remote.values, losses[1][name], rtol=2e-4, atol=1e-5)
