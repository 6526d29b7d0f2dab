"""What is written, and what is refused."""

import dataclasses
import json
import shutil

import pytest

from kwskit import Spotter
from kwskit.cli import main
from kwskit.errors import ExportError
from kwskit.export.web import onnxruntime_web as module
from kwskit.export.web.export_web import MOST, export_web
from kwskit.speech_model.model_source import ModelSource
from kwskit.speech_model.onnx_model import OnnxModel
from kwskit.spotting.peak_estimates import BackgroundError

ENGLISH = ModelSource.find("english").for_spotting()


def test_a_visitor_loads_less_than_fifteen_megabytes(web):
    worker = (web / "service_worker.js").read_text()
    files = json.loads(worker.split("(", 1)[1].split(");", 1)[0])
    assert {"index.html", "spotter.js", "model/background.bin.gz", "vendor/ort.wasm.gz"} <= set(files)
    size = sum((web / name).stat().st_size for name in [*files, "service_worker.js"])
    assert 10_000_000 < size < MOST == 15_000_000
    there = {str(path.relative_to(web)) for path in web.rglob("*") if path.is_file()}
    unloaded = {"package.json", "index.d.ts", "README.md", "LICENSE", "service_worker.js"}
    assert set(files) == there - unloaded
    assert "@" not in (web / "package.json").read_text()
    assert "Microsoft" in (web / "vendor/onnxruntime.LICENSE.txt").read_text()
    assert "Carnegie Mellon" in (web / "model/cmudict.LICENSE.txt").read_text()


def test_it_replaces_what_it_wrote_and_nothing_else(web, runtime, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/package.json").write_text("{}")
    with pytest.raises(FileExistsError, match="not replaced"):
        export_web(ModelSource.find("english"), tmp_path / "mine", runtime)
    assert (tmp_path / "mine/package.json").read_text() == "{}"


def test_what_the_page_cannot_do_is_refused(exported, runtime, tmp_path):
    for name in ("windows", "stream"):
        with pytest.raises(ExportError, match="frames of a stream"):
            export_web(ModelSource.find(exported[name]), tmp_path / "out", runtime)
    silent = shutil.copytree(ENGLISH, tmp_path / "silent")
    (silent / "background.npz").unlink()
    with pytest.raises(ExportError, match="without a background"):
        export_web(ModelSource.find(silent), tmp_path / "out", runtime)
    (tmp_path / "trained").mkdir()
    (tmp_path / "trained/model.yaml").write_text("")
    with pytest.raises(ExportError, match="no ONNX graphs"):
        export_web(ModelSource.find(tmp_path / "trained"), tmp_path / "out", runtime)
    assert not (tmp_path / "out").exists()


def test_a_runtime_of_another_version_is_refused(runtime, tmp_path):
    for name in module.HASHES:
        shutil.copy(runtime / name, tmp_path / name)
    (tmp_path / "ort.wasm.min.mjs").write_text("// another")
    with pytest.raises(ExportError, match="SHA-256"):
        module.onnxruntime_web(tmp_path)
    with pytest.raises(ExportError, match="cannot be read"):
        module.onnxruntime_web(tmp_path / "none")


def test_without_npm_the_way_out_is_told(monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(ExportError, match=r"npm is needed.*--ort"):
        module.onnxruntime_web()


def test_flags_of_the_other_format_are_refused(capfd, tmp_path):
    for flags in (["--format", "web", "--int8"], ["--ort", str(tmp_path)]):
        assert main(["export", "english", "--to", str(tmp_path / "out"), *flags]) == 2
        assert "--format" in capfd.readouterr().err


def test_a_background_without_phonemes_is_refused_where_they_are_heard(exported_with_phonemes, sung_words, tmp_path):
    """Its thresholds would be those of other scores."""
    directory = shutil.copytree(exported_with_phonemes["float32"], tmp_path / "onnx")
    windows = Spotter(OnnxModel(directory), streaming=False).calibrate([sung_words])
    dataclasses.replace(windows, streaming=True).save(directory / "background.npz")
    with pytest.raises(BackgroundError, match="was heard otherwise than spotting listens: record it again"):
        export_web(ModelSource.find(directory), tmp_path / "out", tmp_path)
    assert not (tmp_path / "out").exists()
