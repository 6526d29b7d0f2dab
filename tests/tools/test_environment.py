"""tools/env.sh with interpreters that only write down what they were asked."""

import os
import shutil
import signal
import subprocess
import sys

import pytest

from tests.tools.machine import ROOT


def test_a_venv_is_made_once(machine):
    python, _, message = machine.use("train,voices")
    assert python == str(machine.venv / "bin/python")
    assert machine.pip() == [f"torch==2.13.0 torchaudio==2.11.* -e {machine.root}[train,voices]"]
    assert "installing 2 packages" in message
    assert "is ready" in message
    assert machine.use("voices,train") == (python, "", "")
    assert machine.use("") == (python, "", "")
    assert not machine.log.exists()


def test_extras_are_added_to_those_it_has(machine):
    machine.use("train,voices")
    machine.pip()
    _, _, message = machine.use("dev")
    assert "updating" in message
    assert machine.pip() == [f"torch==2.13.0 torchaudio==2.11.* -e {machine.root}[dev,train,voices]"]
    machine.use("voices,dev")
    assert machine.pip() == []


@pytest.mark.parametrize("gpu", [False, True])
def test_torch_comes_with_the_extras_that_need_it(machine, gpu):
    if gpu:
        machine.command("nvidia-smi", NVIDIA_SMI % "13.0")
    assert "no torch" in machine.use(CURL="0")[2]
    machine.use("index", CURL="0")
    assert machine.pip() == [f"-e {machine.root}", f"-e {machine.root}[index]"]
    machine.use("zoo")
    build = "torch>=2.11,<2.15" if gpu else "torch==2.13.0"
    assert machine.pip() == [f"{build} torchaudio==2.11.* -e {machine.root}[index,zoo]"]


def test_uncompiled_packages_are_compiled_once_and_in_the_venv_alone(machine):
    out, _ = machine.start().communicate(timeout=60)
    assert out.splitlines()[-1] == "bytecode "
    out, _ = machine.start(PYTHONDONTWRITEBYTECODE="1").communicate(timeout=60)
    assert out.splitlines()[-1] == f"bytecode {machine.venv}/bytecode"


def test_changed_requirements_are_installed(machine):
    machine.use()
    machine.pip()
    (machine.root / "setup.cfg").write_text("[options]\ninstall_requires = new\n")
    assert "updating" in machine.use()[2]
    assert len(machine.pip()) == 1


def test_the_cpu_index_is_asked_for_torch_alone_and_only_where_it_answers(machine):
    machine.use("train", CURL="0")
    torch, rest = machine.pip()
    assert torch == "--extra-index-url https://download.pytorch.org/whl/cpu torch==2.13.0 torchaudio==2.11.*"
    assert "extra-index" not in rest


NVIDIA_SMI = """#!/bin/sh
if [ "$1" = -L ]; then echo "GPU 0: H100"; else echo "CUDA Version: %s"; fi
"""


@pytest.mark.parametrize(("version", "old"), [("13.0", False), ("12.8", True)])
def test_a_gpu_gets_a_cuda_build(machine, version, old):
    machine.command("nvidia-smi", NVIDIA_SMI % version)
    _, _, message = machine.use("train", CURL="0")
    assert machine.pip() == [f"torch>=2.11,<2.15 torchaudio==2.11.* -e {machine.root}[train]"]
    assert ("older than CUDA 13" in message) == old


def test_a_driver_that_fails_is_none(machine):
    machine.command("nvidia-smi", "#!/bin/sh\necho 'no devices were found'; exit 9\n")
    machine.use("train")
    assert machine.pip()[0].startswith("torch==2.13.0")


def test_a_new_gpu_replaces_the_cpu_build_and_not_the_other_way(machine):
    machine.use("train")
    machine.pip()
    driver = machine.command("nvidia-smi", NVIDIA_SMI % "13.0")
    assert "setting up" in machine.use("train")[2]
    assert machine.pip()[0].startswith("torch>=2.11,<2.15")
    driver.unlink()
    machine.use("train")
    assert machine.pip() == []


def test_a_failure_shows_the_log_and_the_next_run_starts_anew(machine):
    python, _, message = machine.use(status=1, PIP_FAILS="1")
    assert python == ""
    assert "ERROR: no network" in message
    (machine.venv / "left over").touch()
    assert "setting up" in machine.use()[2]
    assert not (machine.venv / "left over").exists()


def test_a_set_up_killed_half_way_starts_anew(machine):
    process = machine.start(PIP_SECONDS="30")
    while not machine.log.exists():
        assert process.poll() is None
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    assert (machine.venv / "bin/python").exists()
    assert "setting up" in machine.use(PIP_SECONDS="0")[2]


@pytest.mark.skipif(shutil.which("flock") is None, reason="no flock")
def test_two_at_once_install_once(machine):
    processes = [machine.start(PIP_SECONDS="0.5") for _ in range(3)]
    message = [process.communicate(timeout=60)[1] for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0], message
    assert len(machine.pip()) == 1


@pytest.mark.parametrize(
    ("requires", "extras", "lacks"),
    [
        ("pytest>=8", "", ""),
        ("pytest>=99\n  no-such_package\n  numpy", "", "pytest>=99, no-such_package"),
        ("numpy", "more", "nothing_of_this_name>1"),
    ],
)
def test_the_check_compares_versions_without_importing(tmp_path, requires, extras, lacks):
    (tmp_path / "setup.cfg").write_text(
        f"[options]\npython_requires = >=3.10\ninstall_requires =\n  {requires}\n"
        "[options.extras_require]\nmore =\n  # why\n  nothing_of_this_name>1\n"
    )
    command = [sys.executable, str(ROOT / "tools/check_environment.py"), str(tmp_path), extras]
    checked = subprocess.run(command, capture_output=True, text=True, env=dict(os.environ))
    assert checked.stdout.strip() == lacks, checked.stderr
    assert checked.returncode == bool(lacks)
