"""Recipes as people start them."""

import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def run_recipe(forked_python):
    """Runs ``run.sh`` of a recipe on the CPU, in this interpreter's environment, and gives the finished process.

    ``status`` is the exit status that it must have; programs in the folder ``programs`` are found first; a run that
    takes longer than ``seconds`` hangs.
    """

    def run(
        recipe: str, *flags: object, cwd=None, status: int = 0, programs=None, seconds: int = 300
    ) -> subprocess.CompletedProcess[str]:
        command = ["bash", str(ROOT / f"recipes/{recipe}/run.sh"), "--ngpu", "0", "--jobs", "2", *map(str, flags)]
        env = forked_python.environ(*([] if programs is None else [programs]))
        done = subprocess.run(command, capture_output=True, text=True, cwd=cwd, env=env, timeout=seconds)
        assert done.returncode == status, done.stdout[-2000:] + done.stderr[-2000:]
        return done

    return run
