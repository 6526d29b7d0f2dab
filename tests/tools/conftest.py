"""What tests of the environment share."""

import pytest

from tests.tools.machine import Machine


@pytest.fixture
def machine(tmp_path):
    return Machine(tmp_path)
