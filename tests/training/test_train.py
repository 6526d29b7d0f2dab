import signal
import subprocess
import sys
import time

import pytest
import safetensors.torch
import torch

from kwskit import registry
from kwskit.hparams import HparamsError
from kwskit.stages.train import train
from kwskit.systems.model_directory import load_model
from kwskit.training.checkpoint import CheckpointError
from kwskit.training.loss_watch import NonFiniteLoss


def weights(exp):
    return torch.load(exp / "train" / "last.pt", weights_only=True)["system"]


def assert_same_weights(one, other):
    assert one.keys() == other.keys()
    for name in one:
        assert torch.equal(one[name], other[name]), name


@pytest.fixture(scope="module")
def whole_run(configuration, mini_corpus, tmp_path_factory):
    """An uninterrupted run of the conftest's configuration."""
    folder = tmp_path_factory.mktemp("whole")
    (folder / "config.yaml").write_text(configuration)
    train(folder / "config.yaml", mini_corpus, folder / "exp", device="cpu")
    return folder / "exp"


def test_a_run_leaves_logs_model_and_facts(whole_run):
    epochs = (whole_run / "train" / "epochs.tsv").read_text().splitlines()
    assert len(epochs) == 1 + 4
    assert epochs[0].split("\t")[:5] == ["epoch", "step", "seconds", "lr", "train_total"]
    assert len((whole_run / "train" / "steps.tsv").read_text().splitlines()) == 1 + 4 * 3
    assert (whole_run / "plugins.json").read_text() == "[]\n"
    assert "epochs: 4" in (whole_run / "config.yaml").read_text()
    assert load_model(whole_run / "model").system.aligner is not None


def test_losses_fall(whole_run):
    totals = [float(row.split("\t")[4]) for row in (whole_run / "train" / "epochs.tsv").read_text().splitlines()[1:]]
    assert totals[-1] < totals[0]


def test_the_released_model_is_the_best_checkpoint(whole_run):
    best = torch.load(whole_run / "train" / "best.pt", weights_only=True)
    released = safetensors.torch.load_file(whole_run / "model" / "model.safetensors")
    assert released
    for name, tensor in released.items():
        assert torch.equal(tensor, best["system"][name]), name
    aps = [float(row.split("\t")[-1]) for row in (whole_run / "train" / "epochs.tsv").read_text().splitlines()[1:]]
    assert best["ap"] == pytest.approx(max(aps), rel=1e-4)


def test_killed_at_any_moment_it_ends_with_the_same_weights(whole_run, config, mini_corpus, tmp_path):
    exp = tmp_path / "exp"
    command = [sys.executable, "-m", "kwskit", "train", "--config", config, "--data", mini_corpus, "--exp", exp]
    command += ["--device", "cpu"]
    kills = 0
    for rows_before_kill in (3, 7):
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        steps = exp / "train" / "steps.tsv"
        while process.poll() is None:
            if steps.exists() and len(steps.read_text().splitlines()) > rows_before_kill:
                process.send_signal(signal.SIGKILL)
                kills += process.wait() == -signal.SIGKILL
                break
            time.sleep(0.002)
        process.stderr.close()
    assert kills == 2
    finished = subprocess.run(command, capture_output=True, text=True)
    assert finished.returncode == 0, finished.stderr
    assert "resuming after epoch" in finished.stdout
    assert_same_weights(weights(exp), weights(whole_run))
    for name in ("steps.tsv", "epochs.tsv"):
        rows = [row.split("\t") for row in (exp / "train" / name).read_text().splitlines()]
        expected = [row.split("\t") for row in (whole_run / "train" / name).read_text().splitlines()]
        clock = rows[0].index("seconds") if "seconds" in rows[0] else None
        assert [[v for i, v in enumerate(r) if i != clock] for r in rows] == [
            [v for i, v in enumerate(r) if i != clock] for r in expected
        ]


def test_a_finished_run_is_not_repeated(whole_run, mini_corpus, capsys):
    before = (whole_run / "model" / "model.safetensors").stat().st_mtime_ns
    train(whole_run.parent / "config.yaml", mini_corpus, whole_run, device="cpu")
    assert "done already" in capsys.readouterr().out
    assert (whole_run / "model" / "model.safetensors").stat().st_mtime_ns == before


def test_a_checkpoint_of_another_configuration_is_refused(whole_run, mini_corpus):
    with pytest.raises(CheckpointError, match=r"(?s)belongs to another configuration.*seed: 8"):
        train(whole_run.parent / "config.yaml", mini_corpus, whole_run, overrides={"seed": "8"}, device="cpu")


def test_accumulated_halves_step_like_one_batch_count(config, mini_corpus, tmp_path):
    train(config, mini_corpus, tmp_path / "exp", overrides={"training.accumulate": "3"}, device="cpu")
    state = torch.load(tmp_path / "exp" / "train" / "last.pt", weights_only=True)
    assert state["optimizer_step"] == 4


def test_early_stop(config, mini_corpus, tmp_path, capsys, monkeypatch):
    aps = iter([0.4, 0.6, 0.5, 0.6])
    monkeypatch.setattr("kwskit.stages.validation.average_precision", lambda *_: next(aps))
    train(
        config,
        mini_corpus,
        tmp_path / "exp",
        overrides={"training.early_stop": "2", "training.epochs": "6"},
        device="cpu",
    )
    out = capsys.readouterr().out
    assert "early stop: no better validation AP for 2 epochs" in out
    assert "best validation AP 60.00% in epoch 2" in out
    assert next(aps, "four epochs of six ran") == "four epochs of six ran"


def test_mixed_precision_trains(config, mini_corpus, tmp_path):
    overrides = {"training.precision": "bf16", "training.epochs": "1"}
    train(config, mini_corpus, tmp_path / "exp", overrides=overrides, device="cpu")
    assert (tmp_path / "exp" / "model" / "model.safetensors").exists()


def test_a_loss_that_is_not_finite_names_the_utterances(config, mini_corpus, tmp_path, scratch_registry):
    plugin = tmp_path / "poison.py"
    plugin.write_text(
        "from kwskit.losses.base import PairwiseLoss\n"
        "from kwskit.registry import register\n\n\n"
        '@register("loss", "poison")\n'
        "class Poison(PairwiseLoss):\n"
        "    def pair_loss(self, audio, text, labels):\n"
        "        return audio.sum() * float('nan')\n"
    )
    registry.load_plugin(plugin)
    with pytest.raises(NonFiniteLoss, match=r"(?s)epoch 1, batch 1 .*utt nan.*Utterances of the batch: train-\w+"):
        train(config, mini_corpus, tmp_path / "exp", overrides={"losses.utt": "!loss:poison {}"}, device="cpu")
    assert registry.plugins()[-1].sha256 in (tmp_path / "exp" / "plugins.json").read_text()


def test_more_keywords_a_batch_than_words_is_refused(config, mini_corpus, tmp_path):
    with pytest.raises(ValueError, match="13"):
        train(config, mini_corpus, tmp_path / "exp", overrides={"training.keywords": "13"}, device="cpu")


def test_an_unknown_key_is_refused_before_anything_is_written(config, mini_corpus, tmp_path):
    with pytest.raises(HparamsError, match="did you mean 'training'"):
        train(config, mini_corpus, tmp_path / "exp", overrides={"trainig": "1"}, device="cpu")
    assert not (tmp_path / "exp").exists()
