"""The examples for several machines: two processes of this one stand for two machines."""

import shutil
import socket
import subprocess
from pathlib import Path

import pytest

from kwskit.systems.model_directory import load_model

ROOT = Path(__file__).parents[2]
SCRIPTS = [ROOT / "egs/torchrun/train.sh", ROOT / "egs/slurm/train.sbatch"]


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_the_scripts_are_sound(script):
    assert subprocess.run(["bash", "-n", script], capture_output=True).returncode == 0
    if shellcheck := shutil.which("shellcheck"):
        done = subprocess.run([shellcheck, "-x", script], capture_output=True, text=True)
        assert done.returncode == 0, done.stdout


def test_two_machines_train_together_and_one_writes(mini_corpus, tiny_experiment, tmp_path, forked_python):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = str(server.getsockname()[1])
    command = ["bash", ROOT / "egs/torchrun/train.sh", "recipes/librispeech", "2", "127.0.0.1", "--ngpu", "0"]
    command += [
        "--config",
        tiny_experiment,
        "--training.keywords",
        "4",
        "--training.log_steps",
        "1",
        "--data",
        mini_corpus,
        "--exp",
        tmp_path / "exp",
    ]
    command += ["--stop_stage", "3"]  # the last word counts
    environment = forked_python.environ(MASTER_PORT=port)
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    machines = [subprocess.Popen(list(map(str, command)), env=environment, **pipes) for _ in range(2)]
    message = [machine.communicate(timeout=180) for machine in machines]
    assert [machine.returncode for machine in machines] == [0, 0], message
    assert sum("batches an epoch on 2 processes" in out for out, _ in message) == 1
    assert len((tmp_path / "exp/train/steps.tsv").read_text().splitlines()) == 1 + 3
    assert load_model(tmp_path / "exp/model").system.dim == 16


def test_slurm_starts_the_recipe_once_on_each_machine(tmp_path):
    for name, does in {"scontrol": "printf 'gpu7\\ngpu8\\n'", "srun": 'echo "$MASTER_ADDR $MASTER_PORT $*"'}.items():
        (tmp_path / name).write_text(f"#!/bin/bash\n{does}\n")
        (tmp_path / name).chmod(0o755)
    slurm = {"JOB_NODELIST": "gpu[7-8]", "JOB_ID": "1234567", "NNODES": "2", "GPUS_ON_NODE": "4"}
    environment = {"PATH": f"{tmp_path}:/usr/bin:/bin", "SLURM_SUBMIT_DIR": str(ROOT)}
    environment |= {f"SLURM_{name}": value for name, value in slurm.items()}
    command = ["bash", str(SCRIPTS[1]), "recipes/synth", "--exp", "/shared/my exp"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    expected = "bash recipes/synth/run.sh --stage 3 --stop_stage 4 --nnodes 2 --ngpu 4 --exp /shared/my exp"
    assert done.stdout == f"gpu7 34567 --kill-on-bad-exit=1 {expected}\n"
