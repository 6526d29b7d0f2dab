"""Runs that are trained on, cut short, refused, or wanted by two."""

import shutil

import pytest
import safetensors.torch
import torch

from kwskit.folder_lock import FolderInUse, folder_lock
from kwskit.hparams import HparamsError
from kwskit.stages.train import train
from kwskit.training.checkpoint import CheckpointError, Checkpoints


@pytest.fixture(scope="module")
def two_epochs(configuration, mini_corpus, tmp_path_factory):
    """A finished run of two epochs, with a one-cycle schedule over its 6 steps."""
    folder = tmp_path_factory.mktemp("two")
    (folder / "config.yaml").write_text(configuration)
    train(folder / "config.yaml", mini_corpus, folder / "exp", overrides={"training.epochs": "2"}, device="cpu")
    return folder / "exp"


@pytest.fixture
def exp(two_epochs, tmp_path):
    return shutil.copytree(two_epochs, tmp_path / "exp")


def column(exp, name):
    head, *rows = (exp / "train/epochs.tsv").read_text().splitlines()
    return [float(row.split("\t")[head.split("\t").index(name)]) for row in rows]


def one_cycle(steps):
    """Learning rates after each of the steps."""
    optimizer = torch.optim.AdamW([torch.zeros(1, requires_grad=True)], lr=1e-3)
    scheduler = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=5e-3, total_steps=steps)
    rates = []
    for _ in range(steps):
        optimizer.step()
        scheduler.step()
        rates.append(optimizer.param_groups[0]["lr"])
    return rates


def test_a_finished_run_trains_on_when_epochs_are_raised(exp, config, mini_corpus, capsys):
    train(config, mini_corpus, exp, overrides={"training.epochs": "4"}, device="cpu")
    message = capsys.readouterr().out
    assert "resuming after epoch 2, batch 0 of 3" in message
    assert "OneCycleLR goes on as if all 4 epochs had been planned" in message
    assert f"tensorboard --logdir {exp}/train/tensorboard" in message
    assert column(exp, "epoch") == [1, 2, 3, 4]
    assert column(exp, "lr") == pytest.approx(
        [*(one_cycle(6)[k] for k in (2, 5)), *(one_cycle(12)[k] for k in (8, 11))], rel=1e-5
    )
    best = torch.load(exp / "train/best.pt", weights_only=True)
    released = safetensors.torch.load_file(exp / "model/model.safetensors")
    assert all(torch.equal(weights, best["system"][name]) for name, weights in released.items())
    train(config, mini_corpus, exp, overrides={"training.epochs": "4"}, device="cpu")
    assert "done already" in capsys.readouterr().out


def test_a_run_is_not_made_shorter_than_it_is(exp, config, mini_corpus):
    with pytest.raises(CheckpointError, match=r"trained for 2 epochs already, more than training\.epochs, which is 1"):
        train(config, mini_corpus, exp, overrides={"training.epochs": "1"}, device="cpu")


def test_cut_short_in_its_background_a_run_makes_it_when_repeated(exp, config, mini_corpus, monkeypatch):
    shutil.rmtree(exp / "model")

    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("kwskit.stages.train.write_background", interrupt)
    with pytest.raises(KeyboardInterrupt):
        train(config, mini_corpus, exp, overrides={"training.epochs": "2"}, device="cpu")
    assert not list(exp.glob("*model*"))
    made = []
    monkeypatch.setattr(
        "kwskit.stages.train.write_background", lambda folder, *_: made.append((folder / "background.npz").touch())
    )
    for _ in range(2):
        train(config, mini_corpus, exp, overrides={"training.epochs": "2"}, device="cpu")
    assert len(made) == 1
    (exp / "model/model.safetensors").unlink()
    train(config, mini_corpus, exp, overrides={"training.epochs": "2"}, device="cpu")
    assert (exp / "model/model.safetensors").is_file()


def test_two_trainings_of_one_folder_are_kept_apart(exp, config, mini_corpus):
    with folder_lock(exp), pytest.raises(FolderInUse, match=r"exp is in use by process \d+ on .*: wait for it"):
        train(config, mini_corpus, exp, overrides={"training.epochs": "3"}, device="cpu")
    with folder_lock(exp):  # it was given back
        pass


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        ({"training.freeze": "[encoder]"}, r"^--training\.freeze \[encoder\]: training\.freeze names no part"),
        ({"training.keywords": "13"}, "13"),
        ({"training.compile": "no"}, r"training\.compile must be true or false, not 'no'"),
        ({"optimizer.lr": "-1"}, "optimizer cannot be used: ValueError: Invalid learning rate: -1"),
        ({"scheduler.max_lr": "-1"}, "scheduler makes the learning rate -.*, which must be at least 0"),
        ({"scheduler": "!name:torch.optim.lr_scheduler.ReduceLROnPlateau {}"}, "scheduler cannot be used: .*metrics"),
        ({"system": "null"}, r"system must be a part, as in !system:dual_encoder"),
        ({"tokenizer": "null"}, r"tokenizer must be a part, as in !tokenizer:phoneme"),
        ({"optimizer": "null"}, "optimizer must be a part"),
        ({"scheduler": "null"}, "scheduler must be a part"),
        ({"seed": "1.5"}, "seed must be a whole number"),
        ({"losses": "null"}, "losses are missing"),
    ],
)
def test_a_configuration_that_fails_leaves_no_folder(config, mini_corpus, tmp_path, overrides, message):
    with pytest.raises(ValueError, match=message):
        train(config, mini_corpus, tmp_path / "exp", overrides=overrides, device="cpu")
    assert not (tmp_path / "exp").exists()


@pytest.mark.parametrize("device", ["cuda:99", "gpu"])
def test_a_device_that_is_not_here_is_told_before_the_data_are_read(config, tmp_path, device):
    with pytest.raises(ValueError, match=rf"^--device {device}: "):
        train(config, tmp_path / "no data", tmp_path / "exp", device=device)


def test_a_checkpoint_without_room_names_its_file(tmp_path, monkeypatch):
    class Full:
        def __init__(self, file):
            self.file = file

        def __getattr__(self, name):
            return getattr(self.file, name)

        def write(self, data):
            raise OSError(28, "No space left on device")

    save = torch.save
    monkeypatch.setattr(torch, "save", lambda state, sink: save(state, Full(sink)))
    with pytest.raises(OSError, match=r"No space left on device: '.*last\.pt'"):
        Checkpoints(tmp_path, "").save("last", {"weights": torch.zeros(100_000)})
    assert not list(tmp_path.iterdir())


def test_how_long_to_train_may_change(tmp_path):
    text = "seed: 1\ntraining: {{epochs: {}, keywords: {}}}\n# store 3 segments\n"
    Checkpoints(tmp_path, text.format(2, 4)).save("last", {"epoch": 2})
    assert Checkpoints(tmp_path, text.format(5, "4, early_stop: 3")).load("last")["epoch"] == 2
    for other in (
        text.format(2, 5),
        text.format(2, 4).replace("3 seg", "4 seg"),
        text.format(2, 4).replace("seed: 1", "seed: 2"),
    ):
        with pytest.raises(CheckpointError, match="another configuration"):
            Checkpoints(tmp_path, other).load("last")


def test_errors_of_a_configuration_have_one_kind(config, mini_corpus, tmp_path):
    (tmp_path / "mine.yaml").write_text("system:\n  frontend: null\n")
    with pytest.raises(HparamsError, match=r"mine\.yaml: line 2: system\.frontend must be a part .*, not null"):
        train(config, mini_corpus, tmp_path / "exp", [tmp_path / "mine.yaml"], device="cpu")
