"""A run whose model was trained elsewhere."""

import json
import shutil

import pytest

from kwskit.errors import ModelError
from kwskit.stages.adopt import adopt_model


@pytest.fixture
def model(tmp_path, tiny_model):
    """A model directory of its own."""
    return shutil.copytree(tiny_model, tmp_path / "elsewhere/model")


def test_the_model_is_copied_once(tmp_path, model, capsys):
    adopt_model(model, tmp_path / "exp")
    assert (tmp_path / "exp/model/model.yaml").read_bytes() == (model / "model.yaml").read_bytes()
    assert json.loads((tmp_path / "exp/plugins.json").read_text()) == []
    adopt_model(model, tmp_path / "exp")
    assert "there already" in capsys.readouterr().out


def test_another_model_there_is_kept(tmp_path, model):
    adopt_model(model, tmp_path / "exp")
    with (model / "model.safetensors").open("ab") as weights:
        weights.write(b"\0")
    with pytest.raises(ValueError, match="is another model than"):
        adopt_model(model, tmp_path / "exp")


def test_a_model_that_cannot_be_loaded_leaves_nothing(tmp_path, model):
    (model / "model.yaml").unlink()
    with pytest.raises(ModelError, match=r"model\.yaml"):
        adopt_model(model, tmp_path / "exp")
    assert not (tmp_path / "exp").exists()
