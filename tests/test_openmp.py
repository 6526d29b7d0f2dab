"""How OpenMP's threads wait is settled before torch is loaded, which reads it then, and by the user first."""

import os
import subprocess
import sys

import pytest

from kwskit.openmp import CHOICES, sleep_while_waiting

AT_TORCH = """
import importlib.abc, os, sys

class AtTorch(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name == "torch":
            print(os.environ.get("OMP_WAIT_POLICY"))
            sys.exit(7)

sys.meta_path.insert(0, AtTorch())
from kwskit.cli import main
main(["parts", "loss"])
"""


@pytest.mark.parametrize(("given", "policy"), [({}, "passive"), ({"OMP_WAIT_POLICY": "active"}, "active")])
def test_a_command_settles_it_before_torch(given, policy):
    environment = {name: value for name, value in os.environ.items() if name not in CHOICES} | given
    done = subprocess.run([sys.executable, "-c", AT_TORCH], capture_output=True, text=True, env=environment)
    assert done.returncode == 7, done.stderr
    assert done.stdout == f"{policy}\n"


@pytest.mark.parametrize("name", CHOICES)
def test_what_the_user_has_set_is_left(name, monkeypatch):
    for other in CHOICES:
        monkeypatch.delenv(other, raising=False)
    monkeypatch.setenv(name, "1")
    before = dict(os.environ)
    sleep_while_waiting()
    assert dict(os.environ) == before
