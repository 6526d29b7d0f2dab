"""Model directories of strangers."""

import os
import time

import pytest

from kwskit.errors import ModelError
from kwskit.hparams import HparamsError
from kwskit.systems.model_directory import load_model

ROUNDS = int(os.environ.get("KWSKIT_FUZZ", "1"))


def refused(directory, expected=r"model\.(yaml|safetensors): "):
    """The message, having checked that there is one, in one line that names a file of ``directory``."""
    begin = time.process_time()
    with pytest.raises((ModelError, HparamsError), match=expected) as error:
        load_model(directory)
    facts = str(error.value)
    assert facts.startswith(str(directory))
    assert "\n" not in facts
    assert len(facts) < 1000
    assert time.process_time() - begin < 20
    return facts
