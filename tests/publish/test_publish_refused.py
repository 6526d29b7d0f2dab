"""kwskit publish: what is refused, before anything is sent, and what the Hub refuses."""

import sys

import numpy as np
import pytest

from kwskit.cli import main
from kwskit.publish.private_paths import private_path
from kwskit.speech_model.write_card import write_card


@pytest.fixture
def message(capsys):
    """Runs the command, which fails, and gives the last line of stderr."""

    def run(*argv, status=1):
        assert main(["publish", *map(str, argv)]) == status
        return capsys.readouterr().err.splitlines()[-1]

    return run


def test_what_the_hub_refuses_is_said(hub, model, message, monkeypatch):
    assert "the token may not write to you at" in message(model, "you/nova")
    assert main(["publish", str(model), "me/nova"]) == 0
    assert "me/nova is there already, and public" in message(model, "me/nova", "--private")
    monkeypatch.setenv("HF_TOKEN", "hf_reading")
    assert "the token may not write to me at" in message(model, "me/nova")
    monkeypatch.setenv("HF_TOKEN", "hf_wrong")
    assert "the token is unknown at" in message(model, "me/nova")
    monkeypatch.delenv("HF_TOKEN")
    assert "wants a token to publish: HF_TOKEN, or hf auth login" in message(model, "me/nova")
    assert len(hub.commits) == 1


def test_a_hub_that_cannot_be_reached(hub, model, message, monkeypatch):
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")
    assert "me/nova cannot be published at http://127.0.0.1:9: " in message(model, "me/nova")
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    assert "HF_HUB_OFFLINE is set" in message(model, "me/nova")


def test_without_the_library_the_extra_is_named(released, message, monkeypatch):
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    assert "pip install 'kwskit[hub]'" in message(released, "me/nova", "--dry-run")


def test_names_that_can_be_none(hub, model, message):
    assert "'nova' is no repository of the Hub: owner/name" in message(model, "nova", status=2)
    assert "me/no--va can be no repository's name" in message(model, "me/no--va")


def test_what_is_no_released_model_is_not_sent(hub, model, message, tmp_path):
    assert "is no model: it has no model.yaml" in message(tmp_path, "me/nova")
    assert "nowhere is no directory" in message(tmp_path / "nowhere", "me/nova")
    weights = model / "onnx/text.onnx"
    good = weights.read_bytes()
    weights.write_bytes(good[:-1] + bytes([good[-1] ^ 1]))
    assert "onnx/text.onnx differs from the one that was released" in message(model, "me/nova")
    write_card(model)  # a card of what is damaged
    assert "text.onnx" in message(model, "me/nova")
    weights.write_bytes(good)
    (model / "card.json").unlink()
    assert f"kwskit models --write-card {model} --facts" in message(model, "me/nova")
    assert hub.branches == {}


def test_a_path_of_this_machine_is_not_sent(hub, model, message, tmp_path):
    readme = model / "README.md"
    readme.write_text(f"# Nova\n\nStarted from the weights of {tmp_path}/exp/small/model.\n")
    write_card(model)
    assert f"README.md tells of {tmp_path}/exp/small/model, a path of one machine" in message(model, "me/nova")
    readme.write_text("# Nova\n\nSee https://example.org/tmp/exp and recipes/synth/exp, or /usr/bin/env.\n")
    figure = {"name": "misses", "value": 1, "low": None, "high": None, "command": "python /home/jane/measure.py"}
    write_card(model, {"figures": [figure]})
    assert "tells of /home/jane, a path of one machine" in message(model, "me/nova")
    write_card(model, {"figures": []})
    assert main(["publish", str(model), "me/nova", "--dry-run"]) == 0
    assert hub.branches == {}


@pytest.mark.parametrize(
    ("name", "content", "found"),
    [
        ("audio.onnx", b"\x00\x08/home/jane/venv/lib/python3/torch.py\x12", "/home/jane"),
        ("audio.onnx", b"\x0a\x10/encoder/tmp/lstm/Add", None),  # a node's name
        ("model.yaml", rb"lexicon: C:\\Users\\jane\\words.txt", r"C:\\Users\\jane"),
        ("model.yaml", b"init: file:///Users/jane/model", "/Users/jane"),
        ("README.md", b"a/home/page, 3/4, and/or, ~/exp, /dev/null, /nowhere_at_all/exp", None),
    ],
)
def test_paths(name, content, found):
    assert private_path(name, content) == found


def test_paths_in_arrays(tmp_path):
    np.savez_compressed(tmp_path / "background.npz", source="/home/jane/kitchen.wav")
    assert private_path("background.npz", (tmp_path / "background.npz").read_bytes()) == "/home/jane"
