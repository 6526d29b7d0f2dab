import json
import re
import shutil
import subprocess
import sys

import numpy as np
import onnx
import pytest

from kwskit.cli import main
from kwskit.errors import ExportError, ModelError
from kwskit.export import export_model as module
from kwskit.export.clips import Clips
from kwskit.speech_model.frame_stream import FrameStream
from kwskit.speech_model.onnx_model import OnnxModel
from kwskit.speech_model.torch_model import TorchModel
from tests.documents.json_lines import json_lines


@pytest.fixture
def pcm(sing):
    return np.stack([(sing("tiger", 1, take) * 32767).astype(np.int16) for take in range(9)])


@pytest.mark.parametrize("name", ["windows", "stream"])
def test_the_exported_model_is_the_trained_one(trained, exported, pcm, name):
    model, other = TorchModel(trained[name]), OnnxModel(exported[name])
    assert (other.name, other.digest, other.dim, other.stream) == (model.name, model.digest, model.dim, model.stream)
    np.testing.assert_allclose(other.embed_windows(pcm), model.embed_windows(pcm), atol=1e-5)
    texts = ["tiger", "a", "hey nova", "either"]
    tokens = [ids for text in texts for ids in model.tokenizer.encode(text)]
    assert tokens == [ids for text in texts for ids in other.tokenizer.encode(text)]
    np.testing.assert_allclose(other.embed_tokens(tokens), model.embed_tokens(tokens), atol=1e-5)
    assert other.embed_tokens([]).shape == other.embed_windows(pcm[:0]).shape == (0, model.dim)
    if model.stream is not None:
        frames = [FrameStream(each).push(pcm.flatten()) for each in (model, other)]
        np.testing.assert_allclose(frames[1], frames[0], rtol=1e-3, atol=1e-5 * np.abs(frames[0]).max())
        windows = frames[0][:40].reshape(2, 20, -1)
        np.testing.assert_allclose(other.embed_frames(windows), model.embed_frames(windows), atol=1e-5)


def test_eight_bits_are_smaller_and_of_another_digest(exported):
    floats, small = OnnxModel(exported["windows"]), OnnxModel(exported["int8"])
    assert small.digest != floats.digest
    assert small.manifest.precision == "int8"
    assert small.manifest.source == floats.digest
    stored = {tensor.data_type for tensor in onnx.load(exported["int8"] / "audio.onnx").graph.initializer}
    assert onnx.TensorProto.INT8 in stored
    for made in exported["report"].exported:
        assert min(agreement.worst for agreement in made.agreements.values()) >= (
            0.9999 if made.precision == "float32" else 0.99
        )


def test_the_card_and_the_report_tell_the_same(exported):
    report = exported["report"]
    for made in report.exported:
        card = (made.directory / "README.md").read_text()
        assert "60 made signals" in card
        for agreement in made.agreements.values():
            assert str(agreement) in card
        assert f"{report.profile.audio:,}" in card
        assert f"{report.profile.window_macs / 1e6:,.1f} M" in card


def test_without_torch(trained, exported, pcm, tmp_path):
    np.save(tmp_path / "clip.npy", pcm[0])
    code = f"""
import importlib.abc, json, sys
class Refuse(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name.partition(".")[0] in ("torch", "torchaudio", "speechbrain", "onnx", "sentencepiece", "sklearn"):
            raise ImportError("not installed: " + name)
sys.meta_path.insert(0, Refuse())
import numpy
from kwskit import Spotter
clip = numpy.load({str(tmp_path / "clip.npy")!r})
told = []
for model in sys.argv[1:]:
    spotter = Spotter.load(model)
    keyword = spotter.enrol("tiger")
    told.append([spotter.score(clip, "tiger"), spotter.score(clip, "thunder in 1984"), keyword.threshold])
print(json.dumps(told))
"""
    directories = [str(exported["windows"]), str(exported["stream"])]
    ran = subprocess.run([sys.executable, "-c", code, *directories], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    from kwskit import Spotter

    for found, name in zip(json.loads(ran.stdout), ("windows", "stream"), strict=True):
        spotter = Spotter.load(trained[name])
        keyword = spotter.enrol("tiger")
        expected = [spotter.score(pcm[0], "tiger"), spotter.score(pcm[0], "thunder in 1984"), keyword.threshold]
        assert found == pytest.approx(expected, abs=1e-2)


def test_outputs_that_differ_are_not_exported(trained, tmp_path, monkeypatch):
    write = module.write_graph

    def damaged(graph, path):
        write(graph, path)
        if path.name == "audio.onnx":
            model = onnx.load(path)
            weight = max(model.graph.initializer, key=lambda tensor: len(tensor.raw_data))
            values = onnx.numpy_helper.to_array(weight) + 0.1
            weight.CopyFrom(onnx.numpy_helper.from_array(values, weight.name))
            onnx.save(model, path)

    monkeypatch.setattr(module, "write_graph", damaged)
    with pytest.raises(ExportError, match=r"speech: worst cosine -?0\.\d+, mean -?0\.\d+ of 60; at least 0\.9999"):
        module.export_model(trained["windows"], tmp_path / "onnx", Clips.made())
    assert not list(tmp_path.iterdir())


def test_only_an_exported_model_is_replaced(trained, exported, tmp_path):
    clips = Clips(Clips.made().pcm[:2], "two signals")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.tex").write_text("years of work")
    with pytest.raises(FileExistsError, match="not replaced"):
        module.export_model(trained["windows"], tmp_path / "mine", clips)
    shutil.copytree(exported["stream"], tmp_path / "onnx")
    module.export_model(trained["windows"], tmp_path / "onnx", clips)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mine", "onnx"]
    assert OnnxModel(tmp_path / "onnx").stream is None


def cut(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def changed(**values):
    def change(path):
        facts = json.loads(path.read_text())
        for name, value in values.items():
            facts.pop(name) if value is None else facts.update({name: value})
        path.write_text(json.dumps(facts))

    return change


DAMAGES = {
    "a graph cut short": ("audio.onnx", cut, "audio.onnx: is damaged"),
    "another graph": ("text.onnx", lambda path: path.write_bytes(b"\0" * 99), "text.onnx: is damaged"),
    "no graph": ("text.onnx", lambda path: path.unlink(), "text.onnx: cannot be read"),
    "a manifest cut short": ("model.onnx.json", cut, "is no JSON"),
    "bytes": ("model.onnx.json", lambda path: path.write_bytes(b"\xff\xfe"), "is no JSON"),
    "a list": ("model.onnx.json", lambda path: path.write_text("[1]"), "version None"),
    "depth": ("model.onnx.json", lambda path: path.write_text("[" * 100_000), "is no JSON"),
    "a later version": ("model.onnx.json", changed(version=2), "version 2"),
    "no files": ("model.onnx.json", changed(files=None), "'files' is missing"),
    "no list of files": ("model.onnx.json", changed(files=[]), "'files' must be dict"),
    "a file elsewhere": ("model.onnx.json", changed(files={"../../passwd": ""}), "'files' does not list"),
    "a number in words": ("model.onnx.json", changed(dim="twelve"), "'dim' must be int"),
    "half a stream": ("model.onnx.json", changed(stream={"window": 1}), "'stream'"),
    "an unknown tokenizer": ("model.onnx.json", changed(tokenizer="runes"), "unknown tokenizer 'runes'"),
    "an unknown argument": ("model.onnx.json", changed(arguments={"volume": 11}), "'volume'"),
    "a lexicon elsewhere": (
        "model.onnx.json",
        changed(arguments={"lexicon": "/etc/passwd"}),
        "does not list /etc/passwd",
    ),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_model_is_told_by_its_file(exported, tmp_path, damage):
    name, do, facts = DAMAGES[damage]
    directory = shutil.copytree(exported["windows"], tmp_path / "onnx")
    do(directory / name)
    with pytest.raises(ModelError, match=re.escape(facts)) as error:
        OnnxModel(directory)
    assert str(directory) in str(error.value)


def test_a_graph_that_onnxruntime_refuses(exported, tmp_path, pcm):
    import hashlib

    directory = shutil.copytree(exported["windows"], tmp_path / "onnx")
    (directory / "audio.onnx").write_bytes(b"not a graph")
    changed(
        files={
            **json.loads((directory / "model.onnx.json").read_text())["files"],
            "audio.onnx": hashlib.sha256(b"not a graph").hexdigest(),
        }
    )(directory / "model.onnx.json")
    with pytest.raises(ModelError, match=r"audio\.onnx: onnxruntime cannot load it"):
        OnnxModel(directory).embed_windows(pcm)


def test_the_command_scores_trials(tiny_model, mini_corpus, tmp_path, capsys):
    facts = ["export", str(tiny_model), "--to", str(tmp_path / "onnx"), "--data", str(mini_corpus)]
    assert main(facts) == 0
    torch_line, float_line = json_lines("export", capsys.readouterr().out)
    assert float_line["ap"] == pytest.approx(torch_line["ap"], abs=1e-3)
    files = [path for path in (tmp_path / "onnx").iterdir() if path.name != "README.md"]
    assert float_line["bytes"] == sum(path.stat().st_size for path in files)
    from kwskit.spotting.background_file import read_background

    assert read_background(tmp_path / "onnx" / "background.npz").digest == OnnxModel(tmp_path / "onnx").digest
    assert main([*facts, "--trials", "dev_unheard"]) == 1
    assert "dev_wsj" in capsys.readouterr().err
