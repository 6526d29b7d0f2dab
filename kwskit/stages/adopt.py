"""Stage 3 of a recipe that trains nothing: take a model that was trained elsewhere."""

import shutil
from pathlib import Path

from kwskit.speech_model.model_source import ModelSource
from kwskit.stages.train import write_plugins
from kwskit.systems.model_directory import WEIGHTS, load_model


def adopt_model(model: str | Path, exp: Path) -> None:
    """Copy a model directory to ``exp/model``, whole or not at all; the same one there already stays.

    Parameters
    ----------
    model : its directory, or its name as :meth:`kwskit.speech_model.model_source.ModelSource.find` takes it
    exp : folder of the run

    Raises
    ------
    kwskit.errors.ModelError, kwskit.hparams.HparamsError
        When the model cannot be loaded.
    ValueError
        When ``exp`` holds another model.
    """
    source = ModelSource.find(model).directory
    target = exp / "model"
    if target.exists():
        if _weights(target) == _weights(source):
            print(f"the model is there already: {target}")
            return
        raise ValueError(f"{target} is another model than {model}: choose another --exp, or delete that folder")
    load_model(source)
    write_plugins(exp)
    partial = exp / ".model.partial"
    shutil.rmtree(partial, ignore_errors=True)
    shutil.copytree(source, partial)
    partial.rename(target)
    print(f"model of {model} in {target}")


def _weights(model: Path) -> bytes:
    return (model / WEIGHTS).read_bytes()
