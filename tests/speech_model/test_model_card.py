"""Cards that are written, read back, and refused."""

import copy
import json

import pytest

from kwskit.errors import CardError
from kwskit.speech_model.model_card import Figure, ModelCard

GOOD = {
    "name": "nova",
    "version": "1.0",
    "language": "en",
    "licence": "Apache-2.0",
    "description": "Hears words.",
    "created_with": "kwskit 0.1.0",
    "parameters": {"audio": 1200, "text": 300},
    "figures": [{"name": "misses, %", "value": 7, "low": 5.5, "high": 9, "command": "python measure.py"}],
    "files": {"model.yaml": "0" * 64, "onnx/audio.onnx": "ab" * 32},
}


def test_a_card_is_what_was_written(tmp_path):
    card = ModelCard.of(GOOD)
    assert (card.audio_parameters, card.text_parameters) == (1200, 300)
    assert card.figures == (Figure("misses, %", 7.0, 5.5, 9.0, "python measure.py"),)
    card.write(tmp_path)
    assert json.loads((tmp_path / "card.json").read_text()) == GOOD | {"training": []}
    assert ModelCard.read(tmp_path) == card
    assert [path.name for path in tmp_path.iterdir()] == ["card.json"]


def test_a_figure_is_written_with_its_interval():
    assert Figure("misses, %", 7.25, 5.5, 9.0, "x").text() == "misses, % 7.25 [5.5, 9]"
    assert Figure("size, MB", 3, None, None, "x").text() == "size, MB 3"


GONE = object()


@pytest.mark.parametrize(
    ("place", "value", "message"),
    [
        (["licence"], GONE, "'licence' is missing"),
        (["license"], "MIT", "'license' is no field; there are: name, version"),
        (["name"], "", "'name' must be a text that is not empty, not ''"),
        (["version"], 1.0, "'version' must be a text that is not empty, not 1.0"),
        (["description"], "a" * 10_001, "'description' must be a text"),
        (["parameters"], 3, "'parameters' must be an object, not 3"),
        (["parameters", "audio"], GONE, "'parameters.audio' is missing"),
        (["parameters", "text"], -1, "'parameters.text' must be a whole number from 0 on, not -1"),
        (["parameters", "text"], True, "'parameters.text' must be a whole number"),
        (["parameters", "text"], 1.5, "'parameters.text' must be a whole number"),
        (["figures"], {}, "'figures' must be a list, not {}"),
        (["figures", 0], "7 %", "'figures[0]' must be an object"),
        (["figures", 0, "value"], "7", "'figures[0].value' must be a number, not '7'"),
        (["figures", 0, "value"], float("nan"), "'figures[0].value' must be a number"),
        (["figures", 0, "value"], True, "'figures[0].value' must be a number"),
        (["figures", 0, "value"], 3, "'figures[0].value' 3 does not lie in [5.5, 9]"),
        (["figures", 0, "low"], None, "'figures[0].low' and 'figures[0].high' are given both"),
        (["figures", 0, "high"], GONE, "'figures[0].high' is missing"),
        (["figures", 0, "command"], None, "'figures[0].command' must be a text"),
        (["files"], [], "'files' must be an object"),
        (["files", "model.yaml"], "0" * 63, "'files[model.yaml]' must be a SHA-256 in hexadecimal"),
        (["files", "../x"], "0" * 64, "'files': '../x' is no path within the model's directory"),
        (["files", "a/../../x"], "0" * 64, "is no path within"),
        (["files", "/etc/passwd"], "0" * 64, "is no path within"),
        (["files", ""], "0" * 64, "is no path within"),
        (["files", "a\\b"], "0" * 64, "is no path within"),
    ],
)
def test_what_is_wrong_is_told_by_its_field(tmp_path, place, value, message):
    values = copy.deepcopy(GOOD)
    at = values
    for step in place[:-1]:
        at = at[step]
    if value is GONE:
        del at[place[-1]]
    else:
        at[place[-1]] = value
    (tmp_path / "card.json").write_text(json.dumps(values))
    with pytest.raises(CardError) as error:
        ModelCard.read(tmp_path)
    assert str(error.value).startswith(f"{tmp_path / 'card.json'}: ")
    assert message in str(error.value)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is no JSON"),
        (b"\xff", "is no JSON"),
        (b"[" * 200_000, "is no JSON"),
        (b"[]", "must be an object, not []"),
        (b" " * (1 << 20) + b"{}", "1,048,578 bytes are too many"),
        (None, "cannot be read: no such file"),
    ],
)
def test_files_that_are_no_cards(tmp_path, content, message):
    if content is not None:
        (tmp_path / "card.json").write_bytes(content)
    with pytest.raises(CardError) as error:
        ModelCard.read(tmp_path)
    assert message in str(error.value)
