"""tools/env.sh with interpreters that only write down what they were asked."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FILES = ("tools/env.sh", "tools/venv_stamp.sh", "tools/make_venv.sh", "tools/check_environment.py")

# Answers as Python 3.11; `-m venv DIR` copies itself there; $LOG gets every other call.
PYTHON = """#!/bin/bash
case "$*" in
    --version) echo "Python 3.11.0" ;;
    -c*) exit "${TOO_OLD:-0}" ;;
    "-m venv "*) mkdir -p "$3/bin" && cp "$0" "$3/bin/python" ;;
    "-m pip install"*)
        echo "pip ${*:3}" >> "$LOG"
        echo "Installing collected packages: a, b"
        sleep "${PIP_SECONDS:-0}"
        if [ -n "${PIP_FAILS:-}" ]; then echo "ERROR: no network"; exit 1; fi ;;
    */check_environment.py*)
        echo "check $0" >> "$LOG"
        case "$0" in */good/*) ;; *) echo "torch>=2.11"; exit 1 ;; esac ;;
esac
"""


class Machine:
    """A copy of the set-up scripts in a folder with a space, and a PATH with nothing but the interpreters."""

    def __init__(self, folder: Path):
        self.root = folder / "a repository"
        self.bin = folder / "bin"
        self.log = folder / "log"
        for name in FILES:
            (self.root / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, self.root / name)
        (self.root / "setup.cfg").write_text("[options]\n")
        (self.root / "pyproject.toml").write_text("")
        self.command("python3.11", PYTHON)
        self.command("curl", "#!/bin/sh\nexit ${CURL:-6}\n")
        self.venv = self.root / ".venv"

    def command(self, name: str, script: str, folder: Path | None = None) -> Path:
        path = (folder or self.bin) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(script)
        path.chmod(0o755)
        return path

    def start(self, extras: str = "", **environment: str) -> subprocess.Popen[str]:
        script = (
            f'set -euo pipefail; . "{self.root}/tools/env.sh" "{extras}"; command -v python; echo "${{PYTHONPATH:-}}"'
        )
        env = {"PATH": f"{self.bin}:/usr/bin:/bin", "LOG": str(self.log), **environment}
        pipe = subprocess.PIPE
        return subprocess.Popen(
            ["bash", "-c", script], env=env, cwd="/", stdout=pipe, stderr=pipe, text=True, start_new_session=True
        )

    def use(self, extras: str = "", status: int = 0, **environment: str) -> tuple[str, str, str]:
        """(the python that is used, PYTHONPATH, what was told) of a script that sources env.sh."""
        process = self.start(extras, **environment)
        out, message = process.communicate(timeout=60)
        assert process.returncode == status, message
        python, pythonpath = [*out.splitlines(), "", ""][:2]
        return python, pythonpath, message

    def pip(self) -> list[str]:
        """The pip calls since the last look, without their common options."""
        lines = self.log.read_text().splitlines() if self.log.exists() else []
        self.log.unlink(missing_ok=True)
        quiet = "pip install --no-compile --no-input --progress-bar off --disable-pip-version-check "
        return [line.removeprefix(quiet) for line in lines if line.startswith("pip")]


@pytest.fixture
def machine(tmp_path):
    return Machine(tmp_path)


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


def test_a_moved_repository_gets_a_new_venv(machine):
    machine.use()
    machine.root = machine.root.rename(machine.root.with_name("moved"))
    assert "setting up" in machine.use()[2]


def test_an_interpreter_that_went_away(machine):
    machine.use()
    (machine.venv / "bin/python").unlink()
    (machine.venv / "bin/python").symlink_to("/nowhere/python")
    assert "setting up" in machine.use()[2]


def test_somebody_else_s_venv_is_left_alone(machine):
    (machine.venv / "bin").mkdir(parents=True)
    _, _, message = machine.use(status=1)
    assert "was not made by this script" in message
    assert list(machine.venv.iterdir()) == [machine.venv / "bin"]


@pytest.mark.parametrize("variable", ["VIRTUAL_ENV", "CONDA_PREFIX"])
def test_an_active_environment_that_fits_is_used(machine, tmp_path, variable):
    python = machine.command("python", PYTHON, tmp_path / "good/bin")
    assert machine.use("dev", **{variable: str(tmp_path / "good")}) == (str(python), str(machine.root), "")
    assert not machine.venv.exists()


def test_an_active_environment_that_lacks_something_is_told_of_and_left_alone(machine, tmp_path):
    machine.command("python", PYTHON, tmp_path / "bad/bin")
    for _ in range(2):
        python, _, message = machine.use("dev", VIRTUAL_ENV=str(tmp_path / "bad"))
        assert python == str(machine.venv / "bin/python")
        assert f"the active environment {tmp_path / 'bad'} lacks torch>=2.11" in message
        assert f"python -m pip install -e '{machine.root}[dev]'" in message
    assert len(machine.pip()) == 1


def test_our_own_venv_may_be_active(machine):
    machine.use()
    assert machine.use(VIRTUAL_ENV=str(machine.venv))[2] == ""


def test_no_python_is_told(machine):
    (machine.bin / "python3.11").unlink()
    machine.command("python3", PYTHON)
    for name in ("python3.10", "python3.11", "python3.12", "python3.13"):
        machine.command(name, "#!/bin/sh\nexit 127\n")
    assert "no Python >= 3.10" in machine.use(status=1, TOO_OLD="1")[2]
    assert "KWSKIT_PYTHON=/no/python is not" in machine.use(status=1, KWSKIT_PYTHON="/no/python")[2]
    assert not machine.venv.exists()
    machine.use(KWSKIT_PYTHON=str(machine.bin / "python3"))


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
