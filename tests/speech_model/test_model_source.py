"""What a model's name stands for, and which of a model's directories is opened."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from kwskit.errors import ModelError
from kwskit.speech_model import packaged_models
from kwskit.speech_model.model_source import ModelSource
from kwskit.speech_model.onnx_model import OnnxModel
from kwskit.speech_model.torch_model import TorchModel
from kwskit.spotting.background_file import read_background
from kwskit.spotting.spotter import Spotter


def test_names_are_those_of_the_folders_with_a_model_the_default_first(packaged):
    assert packaged_models.names() == ["english-small", "another"]


@pytest.mark.parametrize(
    ("given", "name"), [(None, "english-small"), ("english-small", "english-small"), ("another",) * 2]
)
def test_a_packaged_name(packaged, given, name):
    assert ModelSource.find(given) == ModelSource(packaged / name, name, name, True)


def test_a_directory_wins_where_it_is_written_as_a_path(packaged, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("english-small", "mine", "owner/name"):
        Path(name).mkdir(parents=True)
    assert ModelSource.find("english-small").directory == packaged / "english-small"
    for given in ("./english-small", "english-small/", Path("english-small"), str(tmp_path / "english-small")):
        assert ModelSource.find(given) == ModelSource(Path(given), str(tmp_path / "english-small"), None, False)
    assert ModelSource.find("mine").model_id == str(tmp_path / "mine")
    assert ModelSource.find("owner/name").model_id == str(tmp_path / "owner/name")  # nothing is asked of the Hub
    assert ModelSource.find(Path("another")).directory == packaged / "another"  # where there is no such directory
    source = ModelSource.find("mine")
    assert ModelSource.find(source) is source


def test_a_packaged_directory_called_by_its_path_is_not_one_s_own(packaged, tmp_path):
    assert ModelSource.find(packaged / "another").shared
    (tmp_path / "link").symlink_to(packaged / "another")
    assert ModelSource.find(tmp_path / "link").shared


@pytest.mark.parametrize("given", ["englisch-small", "/nowhere/model", "./english-small", "a/b/c", "", "owner/na me"])
def test_what_is_nothing_is_told_with_what_there_is(packaged, tmp_path, monkeypatch, given):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ModelError) as error:
        ModelSource.find(given)
    found = str(error.value)
    assert found.startswith(f"{given} is no directory, nor a packaged model (english-small, another)")
    for part in ("model.yaml", "model.onnx.json", "owner/name of the Hugging Face Hub"):
        assert part in found
    assert ("did you mean 'english-small'" in found) == ("english-small" in given or given == "englisch-small")


def test_an_installation_without_models_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr(packaged_models, "FOLDER", tmp_path)
    with pytest.raises(
        ModelError, match=r"english-phonemes is no directory, nor a packaged model \(this installation has"
    ):
        Spotter.load()


def test_spotting_opens_the_exported_twin_unless_a_device_is_asked_for(packaged, tmp_path):
    directory = packaged / "english-small"
    source = ModelSource.find()
    assert source.for_spotting() == directory / "onnx"
    assert source.for_spotting("cuda") == directory
    assert ModelSource.find(directory / "onnx").for_spotting() == directory / "onnx"
    (directory / "onnx/model.onnx.json").unlink()
    assert source.for_spotting() == directory


def test_the_default_spots_as_its_weights_do(packaged):
    spotter = Spotter.load()
    assert isinstance(spotter.model, OnnxModel)
    trained = TorchModel(packaged / "english-small", name="mine")
    assert trained.name == "mine"
    assert (spotter.model.name, spotter.model.digest) == ("english-small", trained.digest)
    pcm = (1000 * np.random.default_rng(1).standard_normal((3, 8000))).astype(np.int16)
    np.testing.assert_allclose(spotter.model.embed_windows(pcm), trained.embed_windows(pcm), atol=1e-4)
    assert spotter.background is not None
    assert spotter.background.seconds == pytest.approx(60, abs=1)
    keyword = spotter.enrol("tiger")
    expected = Spotter(trained, read_background(packaged / "english-small/background.npz")).enrol("tiger")
    assert keyword.threshold_source == expected.threshold_source != "gaussian"
    assert keyword.threshold == pytest.approx(expected.threshold, abs=0.01)


WITHOUT_TORCH = """
import json, sys
sys.modules["torch"] = sys.modules["huggingface_hub"] = None
from pathlib import Path
from kwskit.speech_model import packaged_models
packaged_models.FOLDER, packaged_models.DEFAULT = Path(sys.argv[1]), "english-small"
from kwskit import Spotter
spotter = Spotter.load()
print(json.dumps([type(spotter.model).__name__, spotter.enrol("tiger").threshold]))
"""


def test_the_default_needs_no_torch(packaged):
    command = [sys.executable, "-c", WITHOUT_TORCH, packaged]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    name, threshold = json.loads(done.stdout)
    assert name == "OnnxModel"
    assert threshold == pytest.approx(Spotter.load().enrol("tiger").threshold, abs=1e-3)


@pytest.mark.parametrize("name", packaged_models.names())
def test_a_model_that_is_packaged_indeed_spots(name):
    spotter = Spotter.load(name)
    assert isinstance(spotter.model, OnnxModel)
    assert spotter.background is not None
    assert spotter.enrol("hey nova").threshold_source != "gaussian"
    assert TorchModel(ModelSource.find(name).directory).digest == spotter.model.manifest.source
    assert os.fspath(ModelSource.find(name).directory).endswith(os.path.join("kwskit", "models", name))
