"""What tests of running speech share."""

import pytest

from kwskit.synthesis.running_speech import make_running_speech
from tests.synthesis.chimes import Chimes, chimes_plan


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("running")
    Chimes.asked.clear()
    counts = make_running_speech(chimes_plan(), folder)
    return folder, counts, list(Chimes.asked)
