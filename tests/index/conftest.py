"""Recordings of tones, and the model that hears them: that of the tests of spotting."""

import pytest
import soundfile

from kwskit.index import SpeechIndex
from tests.sung_models import SungModel

SAID = {"zoo": ["tiger", "meadow", "copper"], "farm": ["meadow", "tiger"], "shop": ["copper", "penguin", "meadow"]}


@pytest.fixture(scope="session")
def model():
    return SungModel()


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


@pytest.fixture(scope="module")
def index(tmp_path_factory, model, recordings):
    """An index of all recordings; tests leave it as it is."""
    found = SpeechIndex.create(tmp_path_factory.mktemp("index") / "new", model)
    found.add([recordings[0]])
    return found
