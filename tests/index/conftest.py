"""Recordings of tones, and the model that hears them: that of the tests of spotting."""

import importlib.util
from pathlib import Path

import pytest
import soundfile

SUNG = Path(__file__).parents[1] / "spotting" / "conftest.py"
SAID = {"zoo": ["tiger", "meadow", "copper"], "farm": ["meadow", "tiger"], "shop": ["copper", "penguin", "meadow"]}


def sung_model():
    spec = importlib.util.spec_from_file_location("sung_conftest", SUNG)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.SungModel()


@pytest.fixture(scope="session")
def model():
    return sung_model()


@pytest.fixture(scope="session")
def write_recording(model):
    """``write_recording(path, words)`` writes a recording, and gives (word, start, stop) of each word."""

    def write(path, words, seed=0):
        pcm, said = model.stream_of(*words, seed=seed)
        path.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(path, pcm, 16_000)
        return said

    return write


@pytest.fixture(scope="session")
def recordings(tmp_path_factory, write_recording):
    """A folder of three recordings, and what is said where: {path: [(word, start, stop)]}."""
    folder = tmp_path_factory.mktemp("recordings")
    said = {}
    for number, (name, words) in enumerate(SAID.items()):
        said[str(folder / f"{name}.wav")] = write_recording(folder / f"{name}.wav", words, number)
    return folder, said
