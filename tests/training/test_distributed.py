"""Two processes do what one does: the same gradients, the same run when one was killed, one set of files."""

import importlib.util
import os
import shutil
import signal
import socket
import subprocess
from pathlib import Path

import pytest
import torch

from kwskit.data.records import read_records
from kwskit.data.store.packed_store import PackedStore
from kwskit.stages.train import train
from kwskit.systems.model_directory import load_model
from kwskit.systems.scoring import TrialScorer

HERE = Path(__file__).parent


def two_processes(python: Path, folder: Path, data: Path, doing: str, ports: int) -> list[subprocess.CompletedProcess]:
    """Both processes of one_of_two.py, as torchrun starts them, when they have ended."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(ports)]
    numbers = [str(server.getsockname()[1]) for server in sockets]
    for server in sockets:
        server.close()
    command = [python, str(HERE / "one_of_two.py"), doing, str(folder), str(data), *numbers]
    shared = {"WORLD_SIZE": "2", "LOCAL_WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "OMP_NUM_THREADS": "1"}
    running = []
    for rank in "01":
        environment = {**os.environ, **shared, "RANK": rank, "LOCAL_RANK": rank}
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        running.append(subprocess.Popen(command, env=environment, text=True, **pipes))
    try:
        said = [process.communicate(timeout=300) for process in running]
    finally:
        for process in running:
            process.kill()
    return [
        subprocess.CompletedProcess(p.args, p.returncode, *message) for p, message in zip(running, said, strict=True)
    ]


@pytest.fixture(scope="module")
def script():
    spec = importlib.util.spec_from_file_location("share_of_a_batch", HERE / "share_of_a_batch.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def begun(configuration, mini_corpus, tmp_path_factory, forked_python):
    """Folder and both processes, the second of which was killed in its second epoch."""
    folder = tmp_path_factory.mktemp("two")
    (folder / "config.yaml").write_text(configuration.replace("epochs: 4", "epochs: 2"))
    processes = two_processes(forked_python.program, folder, mini_corpus, "begin", ports=3)
    shutil.copytree(folder / "exp/killed", folder / "left")
    return folder, processes


@pytest.fixture(scope="module")
def finished(begun, mini_corpus, forked_python):
    """Folder and both processes that went on with the killed run, and scored."""
    processes = two_processes(forked_python.program, begun[0], mini_corpus, "go_on", ports=2)
    assert [process.returncode for process in processes] == [0, 0], [process.stderr for process in processes]
    return begun[0], processes


@pytest.fixture(scope="module")
def halves(begun):
    """What each of two processes found for every case of share_of_a_batch.py."""
    folder, processes = begun
    assert (folder / "gradients.1").exists(), processes[0].stderr
    return [torch.load(folder / f"gradients.{rank}") for rank in range(2)]


@pytest.mark.parametrize("name", ["adml", "jmcl", "cmcd", "phonmatchnet", "ctcat", "no aligned loss", "accumulated"])
def test_two_halves_of_a_batch_give_the_gradients_of_the_whole(halves, script, monkeypatch, name):
    monkeypatch.setattr("kwskit.systems.pair_matcher.other_words", script.others_of_the_half)
    for kind, expected in script.losses_and_gradients(name).items():
        for half in halves:
            found = half[name][kind]
            assert found.keys() == expected.keys()
            for key, value in expected.items():
                assert torch.allclose(found[key], value, rtol=1e-7, atol=1e-9), (kind, key)


def test_two_halves_of_whole_utterances_give_the_gradients_of_the_whole(halves, script):
    """Losses of words and phrases are of all; each process spells its own, and together they spell all."""
    expected = script.losses_and_gradients("whole utterances")
    one, other = (half["whole utterances"] for half in halves)
    assert {"utt", "ctc"} <= expected["losses"].keys()
    assert not torch.allclose(one["losses"]["ctc"], other["losses"]["ctc"], rtol=1e-4)
    one["losses"]["ctc"] = other["losses"]["ctc"] = (one["losses"]["ctc"] + other["losses"]["ctc"]) / 2
    for kind, values in expected.items():
        for found in (one, other):
            assert found[kind].keys() == values.keys()
            for key, value in values.items():
                assert torch.allclose(found[kind][key], value, rtol=1e-7, atol=1e-9), (kind, key)


def test_mixed_precision_rounds_the_same_gradients(halves, script):
    whole, half = script.losses_and_gradients("bf16"), halves[0]["bf16"]
    for name, value in whole["losses"].items():
        assert float(half["losses"][name]) == pytest.approx(float(value), rel=0.02)
    one, other = (torch.cat([x.flatten() for x in found["gradients"].values()]) for found in (whole, half))
    assert torch.cosine_similarity(one, other, 0) > 0.98


def test_what_losses_draw_is_drawn_alike(halves):
    one, other = (half["drawn alike"] for half in halves)
    assert one["losses"] == other["losses"]
    assert all(torch.equal(value, other["gradients"][key]) for key, value in one["gradients"].items())


def test_statistics_of_batch_normalisation_may_stay_apart(halves):
    one, other = (half["own statistics"] for half in halves)
    assert one["losses"] == other["losses"]
    name = next(key for key in one["buffers"] if key.endswith("running_mean"))
    assert not torch.equal(one["buffers"][name], other["buffers"][name])
    assert torch.equal(*(half["adml"]["buffers"][name] for half in halves))


def test_a_killed_process_ends_the_other_which_says_so(begun):
    _, (first, second) = begun
    assert second.returncode == -signal.SIGKILL
    assert first.returncode == 1
    assert "process 0 of 2 lost another" in first.stderr.splitlines()[-1]


def test_after_a_kill_the_run_ends_with_the_same_weights(finished):
    folder, processes = finished
    assert "resuming after epoch 1, batch 1 of 3" in processes[0].stdout
    whole, killed = (torch.load(folder / f"exp/{run}/train/last.pt")["system"] for run in ("whole", "killed"))
    assert whole.keys() == killed.keys()
    assert all(torch.equal(value, killed[name]) for name, value in whole.items())
    steps = [(folder / f"exp/{run}/train/steps.tsv").read_text() for run in ("whole", "killed")]
    assert steps[0] == steps[1]


def test_only_the_first_process_writes_and_speaks(finished):
    folder, processes = finished
    assert (folder / "writers.1").read_text() == ""
    written = (folder / "writers.0").read_text()
    assert all(name in written for name in ("last.pt", "best.pt", "model", "steps.tsv", "test_wsj.tsv", "results.json"))
    assert processes[1].stdout == ""
    assert (folder / "exp/whole/model/model.safetensors").exists()


def test_scores_of_two_processes_are_those_of_one(finished, mini_corpus):
    folder, _ = finished
    model = load_model(folder / "exp/killed/model")
    scores, _ = read_records(folder / "exp/killed/scores/trained/test_wsj.tsv", "scores")
    expected = TrialScorer(PackedStore.open(mini_corpus / "store/test"), scores, model.tokenizer).scores(model.system)
    assert scores["score"].to_numpy() == pytest.approx(expected, abs=1e-6)


def test_a_run_of_two_processes_can_end_as_one(begun, mini_corpus, capsys):
    folder, _ = begun
    train(folder / "config.yaml", mini_corpus, folder / "left", device="cpu")
    assert "resuming after epoch 1, batch 1 of 3" in capsys.readouterr().out
    one, two = ((folder / run / "train/steps.tsv").read_text().splitlines() for run in ("left", "exp/whole"))
    assert len(one) == len(two) == 1 + 6
    assert one[:5] == two[:5]  # a line of names, and the four batches of before the kill
