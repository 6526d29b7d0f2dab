"""kwskit models: the list, a card, and files that are not as they were released."""

import json
import re

import pytest

from kwskit.cli import main
from kwskit.speech_model import packaged_models
from kwskit.speech_model.model_card import ModelCard
from kwskit.speech_model.released_files import differences
from tests.documents.json_lines import json_lines


def size(directory):
    return sum(path.stat().st_size for path in directory.glob("**/*") if path.is_file())


def test_the_list(packaged, capsys):
    assert main(["models"]) == 0
    head, first, second = capsys.readouterr().out.splitlines()
    assert head.split() == ["name", "version", "language", "audio", "text", "MB", "licence", "figure", "path"]
    card = json.loads((packaged / "english-small/card.json").read_text())
    audio, text = (f"{card['parameters'][side] / 1e6:.2f} M" for side in ("audio", "text"))
    megabytes = f"{size(packaged / 'english-small') / 1e6:.1f}"
    facts = ["english-small", "0.9", "en", audio, text, megabytes, "Apache-2.0", "misses, % 12.5 [10, 15.25]"]
    assert re.split("  +", first) == [*facts, str(packaged / "english-small")]
    assert second.startswith("another ")
    assert "misses" not in second


def test_the_list_for_programs(packaged, capsys):
    assert main(["models", "--json"]) == 0
    first, second = json_lines("models", capsys.readouterr().out)
    card = json.loads((packaged / "english-small/card.json").read_text())
    del card["files"]
    directory = packaged / "english-small"
    assert first == {**card, "bytes": size(directory), "path": str(directory)}
    assert (second["name"], second["figures"]) == ("another", [])


def test_a_card_that_cannot_be_used_hides_no_other(packaged, capsys):
    (packaged / "english-small/card.json").write_text("{}")
    assert main(["models"]) == 1
    out, err = capsys.readouterr()
    assert len(out.splitlines()) == 2
    assert "english-small/card.json: 'name' is missing" in err
    assert "1 of 2 packaged models have no usable card" in err


def test_no_models(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(packaged_models, "FOLDER", tmp_path)
    assert main(["models"]) == 0
    out, err = capsys.readouterr()
    assert out == ""
    assert f"no models are packaged with this kwskit ({tmp_path})" in err


def test_a_card_is_shown_and_its_files_are_verified(packaged, capsys):
    assert main(["models", "english-small"]) == 0
    out, err = capsys.readouterr()
    count = len([path for path in (packaged / "english-small").glob("**/*") if path.is_file()]) - 1
    # The terminal is not moved by what stands in a card.
    assert out == (
        "# english-small\n\nHears sung words.\\x1b[2J\n\n"
        f"{packaged / 'english-small'}: all {count} files are as released\n"
    )
    assert err == ""


def test_the_file_that_differs_is_told(packaged, capsys):
    directory = packaged / "another"
    content = bytearray((directory / "onnx/audio.onnx").read_bytes())
    content[len(content) // 2] ^= 1
    (directory / "onnx/audio.onnx").write_bytes(content)
    (directory / "background.npz").unlink()
    (directory / "onnx/new.npz").touch()
    expected = [
        "background.npz is missing",
        "onnx/audio.onnx differs from the one that was released",
        "onnx/new.npz was not released: card.json does not list it",
    ]
    assert main(["models", "another"]) == 1
    out, err = capsys.readouterr()
    assert "as released" not in out
    assert err == f"kwskit models: {directory} is not as it was released: {'; '.join(expected)}\n"
    assert main(["models", str(directory), "--json"]) == 1
    (facts,) = json_lines("models", capsys.readouterr().out)
    assert facts["differences"] == expected
    assert facts["name"] == "another"


def test_a_model_that_was_never_released_cannot_be_verified(tiny_model, capsys):
    assert main(["models", str(tiny_model)]) == 1
    out, err = capsys.readouterr()
    assert out.startswith("# ")
    assert "card.json: cannot be read: no such file; only released models have one" in err
    assert main(["models", "nowhere"]) == 1
    assert "nowhere is no directory, nor a packaged model" in capsys.readouterr().err


@pytest.mark.parametrize("name", packaged_models.names())
def test_a_model_that_is_packaged_indeed_is_as_released(name):
    directory = packaged_models.FOLDER / name
    card = ModelCard.read(directory)
    assert card.name == name
    assert card.figures
    assert differences(directory, card) == []
