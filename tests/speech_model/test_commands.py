"""Commands that open the packaged model, and that leave it as it is."""

import hashlib
import json
import os
import shutil

import numpy as np
import pytest
import soundfile

from kwskit.cli import main
from kwskit.spotting.background_file import read_background

RATE = 16_000


@pytest.fixture
def here(tmp_path, sing, monkeypatch):
    """The folder that the commands run in, with a recording of sung words and one of noise."""
    folder = tmp_path / "here"
    (folder / "recordings").mkdir(parents=True)
    rng = np.random.default_rng(2)
    noise = [0.01 * rng.standard_normal(RATE) for _ in range(4)]
    words = [sing(word, 1, 0) for word in ("tiger", "button", "meadow")]
    pieces = [piece for pair in zip(noise, words, strict=False) for piece in pair]
    soundfile.write(folder / "recordings/sung.wav", np.concatenate([*pieces, noise[-1]]), RATE)
    loud = np.repeat(rng.uniform(0.005, 0.3, 80), RATE // 4)  # a steady noise would be no background
    soundfile.write(folder / "noise.wav", loud * rng.standard_normal(20 * RATE), RATE)
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def unchanged(packaged):
    """No file of the packaged models is changed by the test."""

    def state():
        return {path: hashlib.sha256(path.read_bytes()).digest() for path in packaged.glob("**/*") if path.is_file()}

    before = state()
    yield
    assert state() == before


pytestmark = pytest.mark.usefixtures("unchanged")


def lines(capsys):
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_spot_and_check_need_no_model(packaged, here, capsys):
    typed = ["--keyword", "tiger", "--threshold", "-100"]
    found = []
    for more in ([], ["--model", "english-small"], ["--model", str(packaged / "english-small")]):
        assert main(["spot", *more, *typed, "recordings/sung.wav"]) == 0
        found.append(lines(capsys))
    assert found[0] == found[1] == found[2] != []
    assert main(["check", "tiger", "--json", "--count", "2"]) == 0
    (result,) = lines(capsys)
    assert main(["check", "tiger", "--json", "--count", "2", "--model", "another"]) == 0
    assert lines(capsys) == [result]  # the same weights


def test_calibrate_writes_into_no_packaged_model(packaged, here, capsys):
    for given in (
        ["noise.wav"],
        ["english-small", "noise.wav"],
        ["--model", "another", "noise.wav"],
        [str(packaged / "another"), "noise.wav"],
    ):
        assert main(["calibrate", *given]) == 2
        assert "its directory stays as it is: say where the background goes (--to FILE)" in capsys.readouterr().err
    assert main(["calibrate", "noise.wav", "--to", "here.npz", "--keyword", "tiger"]) == 0
    (result,) = lines(capsys)
    assert read_background(here / "here.npz").seconds == pytest.approx(20, abs=1)
    assert main(["calibrate", "another", "noise.wav", "--to", "there.npz", "--keyword", "tiger"]) == 0
    assert lines(capsys) == [result]
    assert main(["check", "tiger", "--background", "here.npz", "--json"]) == 0
    (checked,) = lines(capsys)
    assert checked["threshold"] == pytest.approx(result["threshold"], abs=0.01)
    assert result["threshold"] != result["before"]


def test_calibrate_takes_a_directory_first_and_no_missing_recording_for_a_model(released, here, capsys):
    shutil.copytree(released, here / "mine")
    (here / "mine/onnx/background.npz").unlink()
    assert main(["calibrate", "mine", "noise.wav"]) == 0
    assert read_background(here / "mine/onnx/background.npz").seconds == pytest.approx(20, abs=1)
    assert main(["calibrate", "gone.wav", "noise.wav", "--to", "x.npz"]) == 1
    assert "gone.wav: no such audio file" in capsys.readouterr().err


def test_an_index_remembers_its_model_by_name(packaged, here, capsys):
    pytest.importorskip("lancedb")
    from kwskit.index.speech_index import SpeechIndex

    assert main(["index", "recordings", "--out", "index"]) == 0
    assert SpeechIndex.open("index").about.opened_from == "english-small"
    (here / "english-small").mkdir()
    capsys.readouterr()
    assert main(["search", "index", "tiger"]) == 0
    assert lines(capsys)[0]["path"].endswith("sung.wav")


def test_serve_opens_the_default_or_that_of_the_index(packaged, here):
    pytest.importorskip("uvicorn")
    pytest.importorskip("lancedb")
    from kwskit.serve.server import _opened

    assert main(["index", "recordings", "--out", "index", "--model", "another"]) == 0
    for index in (None, here / "index"):
        spotter, archive = _opened(None, index, None)
        assert spotter.model.name == "english-small"
        assert (archive is None) == (index is None)


def test_export_of_a_name_goes_where_one_is(here, capsys):
    os.symlink("recordings", "clips")
    assert main(["export", "another", "--clips", "clips"]) == 0
    assert (here / "another-onnx/model.onnx.json").is_file()


def test_adopt_takes_the_trained_model(packaged, here):
    assert main(["adopt", "--model", "english-small", "--exp", "exp"]) == 0
    for name in ("model.safetensors", "model.yaml", "card.json"):
        assert (here / "exp/model" / name).read_bytes() == (packaged / "english-small" / name).read_bytes()
