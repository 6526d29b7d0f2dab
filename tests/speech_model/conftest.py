"""A small model as it is released, with background, exported twin and card, in the place of packaged ones."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from kwskit.export.clips import Clips
from kwskit.export.export_model import export_model
from kwskit.speech_model import packaged_models
from kwskit.speech_model.write_card import write_card
from kwskit.spotting.spotter import Spotter

FIGURES = [
    {"name": "misses, %", "value": 12.5, "low": 10.0, "high": 15.25, "command": "python measure.py"},
    {"name": "size, MB", "value": 3, "low": None, "high": None, "command": "du"},
]
FACTS = {
    "version": "0.9",
    "language": "en",
    "licence": "Apache-2.0",
    "description": "Sung words.",
    "figures": FIGURES,
}


@pytest.fixture(scope="session")
def released(tiny_model, tmp_path_factory) -> Path:
    """Directory of the model; do not change it."""
    directory = tmp_path_factory.mktemp("released") / "english-small"
    shutil.copytree(tiny_model, directory, ignore=shutil.ignore_patterns("background.npz"))
    (directory / "README.md").write_text("# english-small\n\nHears sung words.\x1b[2J\n")
    noise = 0.01 * np.random.default_rng(0).standard_normal(60 * 16_000)
    Spotter.load(directory).calibrate([noise]).save(directory / "background.npz")
    clips = Clips.made()
    export_model(directory, directory / "onnx", Clips(clips.pcm[::10], clips.source))
    write_card(directory, FACTS)
    return directory


@pytest.fixture
def packaged(released, tmp_path, monkeypatch) -> Path:
    """The folder of the packaged models, which has two copies of the model and something else."""
    folder = tmp_path / "packaged"
    for name in ("another", "english-small"):
        shutil.copytree(released, folder / name)
    write_card(folder / "another", {"name": "another", "figures": []})
    (folder / "notes").mkdir()
    (folder / "notes" / "card.json").write_text("{}")
    monkeypatch.setattr(packaged_models, "FOLDER", folder)
    monkeypatch.setattr(packaged_models, "DEFAULT", "english-small")
    return folder
