"""Models with a CTC head, exported: they hear the phonemes that the trained model hears, and spot as it does."""

import json
import shutil

import numpy as np
import onnx
import pytest
import torch

from kwskit.errors import ExportError, ModelError
from kwskit.export import export_model as module
from kwskit.export.clips import Clips
from kwskit.speech_model.frame_stream import FrameStream
from kwskit.speech_model.onnx_model import OnnxModel
from kwskit.speech_model.torch_model import TorchModel
from kwskit.spotting.scored_windows import ScoredWindows
from kwskit.spotting.spotter import Spotter

MANIFEST = "model.onnx.json"
WORDS = ("tiger", "either", "hey nova", "banana")


@pytest.fixture(scope="module")
def trained(trained_with_phonemes):
    return trained_with_phonemes


@pytest.fixture(scope="module")
def exported(exported_with_phonemes):
    return exported_with_phonemes


@pytest.fixture(scope="module")
def pcm(sung_words):
    return sung_words


@pytest.mark.parametrize("precision", ["float32", "int8"])
def test_phonemes_are_those_of_the_trained_model(trained, exported, pcm, precision):
    model, other = TorchModel(trained), OnnxModel(exported[precision])
    assert model.blank == other.blank == other.manifest.blank == 44
    assert json.loads((exported[precision] / MANIFEST).read_text())["blank"] == 44
    frames = FrameStream(model).push(pcm)
    assert model.stream.frame_seconds == 0.04
    expected = torch.from_numpy(frames) @ model.system.aligner.head.weight.T + model.system.aligner.head.bias
    expected = expected.log_softmax(-1).detach().numpy()
    assert expected.shape == (len(frames), 45)
    for each in (model, other):
        np.testing.assert_allclose(each.log_probs(frames), expected, atol=1e-4)
        np.testing.assert_allclose(each.log_probs(frames[:1]), expected[:1], atol=1e-4)


@pytest.mark.parametrize(("precision", "tolerance"), [("float32", 1e-3), ("int8", 0.3)])
def test_scores_are_those_of_the_trained_model(trained, exported, pcm, precision, tolerance):
    found = []
    for directory in (trained, exported[precision]):
        spotter = Spotter.load(directory)
        assert spotter.hears_phonemes
        assert spotter.background.phonemes is not None
        for word in WORDS:
            spotter.enrol(word, threshold=-6.0)
        thresholds = [spotter.background.threshold(keyword, 60.0) for keyword in spotter.keywords.values()]
        stream = spotter.listen(np.inf)
        heard = ScoredWindows.join([(stream.push(pcm), stream.heard)[1], (stream.finish(), stream.heard)[1]])
        found.append((heard, thresholds, spotter.spot(pcm)))
    (heard, thresholds, hits), (other, other_thresholds, other_hits) = found
    np.testing.assert_allclose(other_thresholds, thresholds, atol=2 * tolerance)
    assert len(heard.score) > 100
    for q in range(len(WORDS)):  # place by place: of windows that score alike, another length may be told
        places = [
            np.stack([one.start + one.stop, one.score[:, q], one.phonemes[:, q]])[:, one.score[:, q] > -np.inf]
            for one in (heard, other)
        ]
        rows, others = (one[:, one[0].argsort()] for one in places)
        np.testing.assert_allclose(others, rows, atol=tolerance)
    if precision == "float32":
        assert len(hits) > 10
        assert [hit[:3] for hit in hits] == [hit[:3] for hit in other_hits]
        np.testing.assert_allclose([hit[3:] for hit in hits], [hit[3:] for hit in other_hits], atol=tolerance)


@pytest.mark.parametrize("blank", [-1, 1.5, True, "44", [44], {}])
def test_a_blank_that_is_no_id_is_refused(exported, tmp_path, blank):
    directory = shutil.copytree(exported["float32"], tmp_path / "onnx")
    manifest = json.loads((directory / MANIFEST).read_text())
    (directory / MANIFEST).write_text(json.dumps(manifest | {"blank": blank}))
    with pytest.raises(ModelError, match=r"model\.onnx\.json: 'blank' is an id, and null where 'stream' is null"):
        OnnxModel(directory)


def test_a_blank_goes_with_a_stream_and_its_graph(exported, tmp_path, pcm):
    directory = shutil.copytree(exported["float32"], tmp_path / "onnx")
    manifest = json.loads((directory / MANIFEST).read_text())

    def says(**changes):
        (directory / MANIFEST).write_text(json.dumps(manifest | changes))
        return directory

    with pytest.raises(ModelError, match="'blank' is an id, and null where 'stream' is null, not 44"):
        OnnxModel(says(stream=None))
    with pytest.raises(ModelError, match=r"phonemes\.onnx: gives \(1, 45\) of 1 frames, not .* 100 symbols or more"):
        OnnxModel(says(blank=99)).log_probs(np.zeros((1, 16), np.float32))
    files = {name: digest for name, digest in manifest["files"].items() if name != "phonemes.onnx"}
    with pytest.raises(ModelError, match=r"'files' does not list phonemes\.onnx"):
        OnnxModel(says(files=files))
    plain = Spotter(OnnxModel(says(files=files, blank=None)))  # as an earlier kwskit has exported it
    assert not plain.hears_phonemes
    assert plain.enrol("tiger", threshold=1).phonemes == ()
    says()
    (directory / "phonemes.onnx").write_bytes(b"not a graph")
    with pytest.raises(ModelError, match=r"phonemes\.onnx: is damaged"):
        OnnxModel(directory)


def test_phonemes_that_differ_are_not_exported(trained, tmp_path, monkeypatch):
    write = module.write_graph

    def damaged(graph, path):
        write(graph, path)
        if path.name == "phonemes.onnx":
            model = onnx.load(path)
            weight = max(model.graph.initializer, key=lambda tensor: len(tensor.raw_data))
            values = onnx.numpy_helper.to_array(weight) * np.float32(1.5)
            weight.CopyFrom(onnx.numpy_helper.from_array(values, weight.name))
            onnx.save(model, path)

    monkeypatch.setattr(module, "write_graph", damaged)
    clips = Clips(Clips.made().pcm[:2], "two signals")
    with pytest.raises(ExportError, match="phonemes: worst cosine"):
        module.export_model(trained, tmp_path / "onnx", clips)
    assert not list(tmp_path.iterdir())
