"""An environment that is there already: active, moved, or gone."""

import pytest

from tests.tools.machine import PYTHON


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
