"""The card of a model that is to be released."""

import hashlib
import json
import shutil
from pathlib import Path

import pytest

from kwskit import __version__
from kwskit.cli import main
from kwskit.errors import CardError, ModelError
from kwskit.speech_model.model_card import ModelCard
from kwskit.speech_model.write_card import write_card
from kwskit.systems.model_directory import load_model


@pytest.fixture
def directory(released, tmp_path) -> Path:
    """A copy of the model, with its card."""
    return Path(shutil.copytree(released, tmp_path / "english-small"))


def digests(directory: Path) -> dict[str, str]:
    found = {path: path.read_bytes() for path in directory.glob("**/*") if path.is_file() and path.name != "card.json"}
    return {str(path.relative_to(directory)): hashlib.sha256(content).hexdigest() for path, content in found.items()}


def test_what_is_not_given_is_found(directory):
    card = json.loads((directory / "card.json").read_text())
    assert card["name"] == "english-small"
    assert card["created_with"] == f"kwskit {__version__}"
    assert card["files"] == digests(directory)
    assert {"model.safetensors", "background.npz", "README.md", "onnx/audio.onnx"} < set(card["files"])
    sizes = {"audio": 0, "text": 0}
    for name, parameter in load_model(directory).system.named_parameters():
        sizes["text" if name.startswith("text_") else "audio"] += parameter.numel()
    assert card["parameters"] == sizes
    assert min(sizes.values()) > 0


def test_what_is_given_replaces_what_was_there(directory):
    old = ModelCard.read(directory)
    (directory / "README.md").write_text("# another\n")
    (directory / ".hidden").write_text("x")
    (directory / "onnx/README.md").unlink()
    card = write_card(directory, {"version": "2", "parameters": {"audio": 1, "text": 2}})
    assert card == ModelCard.read(directory)
    assert (card.version, card.audio_parameters, card.text_parameters) == ("2", 1, 2)
    assert (card.name, card.licence, card.figures) == (old.name, old.licence, old.figures)
    expected = digests(directory)
    del expected[".hidden"]
    assert card.files == expected
    assert card.files["README.md"] == hashlib.sha256(b"# another\n").hexdigest() != old.files["README.md"]
    assert "onnx/README.md" not in card.files


def test_facts_that_will_not_do_leave_the_card_as_it_was(directory):
    before = (directory / "card.json").read_bytes()
    with pytest.raises(CardError, match=r"card\.json: 'licence' must be a text that is not empty, not None"):
        write_card(directory, {"licence": None})
    with pytest.raises(CardError, match="'author' is no field"):
        write_card(directory, {"author": "me"})
    assert (directory / "card.json").read_bytes() == before
    (directory / "card.json").unlink()
    with pytest.raises(CardError, match="'version' is missing"):
        write_card(directory)
    with pytest.raises(ModelError, match=r"model\.yaml"):
        write_card(directory / "onnx", {"version": "1"})
    assert not (directory / "card.json").exists()


def test_the_command(directory, tmp_path, capsys):
    (directory / "model.yaml").write_bytes((directory / "model.yaml").read_bytes() + b"# more\n")
    (tmp_path / "facts.json").write_text('{"version": "3", "language": "en-GB"}')
    assert main(["models", "--write-card", str(directory), "--facts", str(tmp_path / "facts.json")]) == 0
    card = ModelCard.read(directory)
    assert (card.version, card.language) == ("3", "en-GB")
    assert card.files == digests(directory)
    assert f"english-small 3, {len(card.files)} files" in capsys.readouterr().out
    for content, message in (("[]", "must be an object"), ("{", "is no JSON")):
        (tmp_path / "facts.json").write_text(content)
        assert main(["models", "--write-card", str(directory), "--facts", str(tmp_path / "facts.json")]) == 1
        assert f"facts.json: {message}" in capsys.readouterr().err
    assert main(["models", "--facts", str(tmp_path / "facts.json")]) == 2
    assert "--facts goes with --write-card" in capsys.readouterr().err
