"""What tests of the environment and of the benchmarks share."""

import sys
from pathlib import Path

import pytest

from tests.tools.machine import Machine

BENCH = Path(__file__).parents[2] / "tools/bench"
BENCHES = (
    "people",
    "peers",
    "wake_words",
    "spotters",
    "spotter_measurement",
    "measurement_process",
    "names",
    "name_voices",
    "adapted",
)


@pytest.fixture
def machine(tmp_path):
    return Machine(tmp_path)


@pytest.fixture
def people_bench(monkeypatch):
    """The modules of the benchmarks of people's speech and of peers by their own names, for one test."""
    monkeypatch.syspath_prepend(str(BENCH))
    yield
    for name in [name for name in sys.modules if name.split(".")[0] in BENCHES]:
        del sys.modules[name]
