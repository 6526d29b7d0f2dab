"""Loggers besides TensorBoard: told of every epoch, ended, and no part of what a run is."""

import csv
import sys

import pytest

from kwskit.stages.train import train
from kwskit.training import loggers
from kwskit.training.checkpoint import CheckpointError, Checkpoints

EPOCHS = [
    ({"epoch": 1, "step": 2, "lr": 0.5}, {"total": 3.25, "utt": 3.0}, {"ap": 0.25}),
    ({"epoch": 2, "step": 4, "lr": 0.25}, {"total": 2.5, "utt": 2.25}, {"ap": 0.5}),
]


def tell(logger):
    for meta, train_stats, valid in EPOCHS:
        logger.log_stats(meta, train_stats=train_stats, valid_stats=valid)


def test_mlflow_keeps_every_number_and_ends_the_run(tmp_path):
    mlflow = pytest.importorskip("mlflow", reason="the extra mlflow is not installed")
    uri = f"sqlite:///{tmp_path}/runs.db"
    logger = loggers.MLflow("words", uri)
    tell(logger)
    again = loggers.MLflow("words", uri, run=logger.run_id)  # goes on with it
    tell(again)
    loggers.close(again)
    client = mlflow.MlflowClient(uri)
    run = client.get_run(logger.run_id)
    assert run.info.status == "FINISHED"
    assert client.get_experiment(run.info.experiment_id).name == "words"
    for name, place, key in (("train/utt", 1, "utt"), ("valid/ap", 2, "ap"), ("lr", 0, "lr")):
        found = {(metric.step, metric.value) for metric in client.get_metric_history(logger.run_id, name)}
        assert found == {(epoch[0]["epoch"], epoch[place][key]) for epoch in EPOCHS}


def test_weights_and_biases_writes_offline(tmp_path):
    pytest.importorskip("wandb", reason="the extra wandb is not installed")
    logger = loggers.weights_and_biases("words", mode="offline", dir=str(tmp_path))
    run = logger.run
    tell(logger)
    assert (run.project, run.offline) == ("words", True)
    # wandb keeps the latest step open until the run ends: the summary is of the one before.
    assert (run.summary["epoch"], run.summary["lr"]) == (1, 0.5)
    assert (run.summary["train"]["utt"], run.summary["valid"]["ap"]) == (3.0, 0.25)
    ended = []
    finish, run.finish = run.finish, lambda: ended.append(finish())
    loggers.close(logger)
    assert len(ended) == len(list(tmp_path.glob("wandb/offline-run-*/run-*.wandb"))) == 1


@pytest.mark.parametrize(("package", "make"), [("wandb", loggers.weights_and_biases), ("mlflow", loggers.MLflow)])
def test_what_is_missing_names_its_extra(package, make, monkeypatch):
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(ImportError, match=rf"pip install 'kwskit\[{package}\]'"):
        make()


def test_a_run_may_change_its_logger_and_nothing_else(tmp_path):
    Checkpoints(tmp_path, "seed: 1\nlogger: !name:a.b {c: 1}\n").save("last", {"epoch": 3})
    for configuration in ("seed: 1\n", "seed: 1\nlogger: !name:d.e {}\n"):
        assert Checkpoints(tmp_path, configuration).load("last")["epoch"] == 3
    with pytest.raises(CheckpointError, match="another configuration"):
        Checkpoints(tmp_path, "seed: 2\n").load("last")


def test_a_logger_of_yaml_is_told_what_the_files_hold(mini_corpus, tiny_experiment, tmp_path):
    overlay = tmp_path / "logger.yaml"
    overlay.write_text(
        "logger: !name:speechbrain.utils.train_logger.FileTrainLogger "
        f"{{save_file: {tmp_path}/told.txt, precision: 3}}\ntraining: {{epochs: 2}}\n"
    )
    train(tiny_experiment, mini_corpus, tmp_path / "exp", [overlay], device="cpu")
    lines = (tmp_path / "told.txt").read_text().splitlines()
    told = [dict(part.split(": ") for part in line.replace(" - ", ", ").split(", ")) for line in lines]
    with (tmp_path / "exp/train/epochs.tsv").open() as source:
        rows = list(csv.DictReader(source, delimiter="\t"))
    assert [line["epoch"] for line in told] == ["1", "2"]
    for line, row in zip(told, rows, strict=True):
        for theirs, ours in (("train total", "train_total"), ("valid ap", "valid_ap"), ("lr", "lr")):
            assert float(line[theirs]) == pytest.approx(float(row[ours]), rel=2e-3)


def test_a_training_tells_mlflow_what_its_files_hold(mini_corpus, tiny_experiment, tmp_path):
    mlflow = pytest.importorskip("mlflow", reason="the extra mlflow is not installed")
    uri = f"sqlite:///{tmp_path}/runs.db"
    overlay = tmp_path / "logger.yaml"
    logger = f'!name:kwskit.training.loggers.MLflow {{experiment: words, uri: "{uri}"}}'
    overlay.write_text(f"logger: {logger}\ntraining: {{epochs: 2}}\n")
    train(tiny_experiment, mini_corpus, tmp_path / "exp", [overlay], device="cpu")
    client = mlflow.MlflowClient(uri)
    (run,) = client.search_runs([client.get_experiment_by_name("words").experiment_id])
    assert run.info.status == "FINISHED"
    with (tmp_path / "exp/train/epochs.tsv").open() as source:
        rows = list(csv.DictReader(source, delimiter="\t"))
    for theirs, ours in (("train/total", "train_total"), ("valid/ap", "valid_ap"), ("lr", "lr")):
        history = client.get_metric_history(run.info.run_id, theirs)
        assert [metric.step for metric in history] == [1, 2]
        assert [metric.value for metric in history] == pytest.approx([float(row[ours]) for row in rows], rel=1e-5)
