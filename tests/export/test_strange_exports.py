"""Exported models of strangers, and damaged ones: refused in a line that names the file."""

import hashlib
import json
import os
import random

import numpy as np
import onnx
import pytest

from kwskit.errors import ModelError
from kwskit.spotting.spotter import Spotter

ROUNDS = int(os.environ.get("KWSKIT_FUZZ", "1"))
MANIFEST = "model.onnx.json"
VALUES = (None, True, -1, 0, 10**6, 10**15, 1.5, float("nan"), "", "x", [], {}, "../../etc/passwd", [[1]])
SOUND = np.random.default_rng(0).integers(-3000, 3000, 24_000).astype(np.int16)


@pytest.fixture
def directory(exported, tmp_path):
    """Links to the files of an exported model, to be replaced."""
    directory = tmp_path / "model"
    directory.mkdir()
    for file in exported["stream"].iterdir():
        (directory / file.name).symlink_to(file)
    return directory


@pytest.fixture
def manifest(directory):
    return json.loads((directory / MANIFEST).read_text())


def put(directory, name, content):
    (directory / name).unlink()
    (directory / name).write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())


def spots(directory):
    """Whether the model hears anything, the only alternative being a message of one line that names a file."""
    try:
        spotter = Spotter.load(directory, streaming=True)
        spotter.enrol("tiger", threshold=0.0)
        spotter.spot(SOUND)
    except ModelError as error:
        found = str(error)
        assert "\n" not in found
        assert len(found) < 700
        if "cannot stream" not in found:
            assert str(directory) in found
        return False
    return True


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"version": 2}, "version 2; this kwskit reads version 1"),
        ({"dim": 10**9}, "'dim' lies in 1 to 65,536, not 1000000000"),
        ({"dim": True}, "'dim' must be int, not True"),
        ({"dim": 9}, r"onnx: gives embeddings of \(8,\), not of 9"),
        ({"files": {}}, "'files' does not list"),
        ({"files": {"../x": "0"}}, "'files' does not list"),
        ({"tokenizer": "nonsense"}, "tokenizer 'nonsense': unknown tokenizer"),
        ({"tokenizer": "phoneme", "arguments": {"lexicon": "/etc/passwd"}}, "'files' does not list /etc/passwd"),
        ({"tokenizer": "phoneme", "arguments": {"lexicon": ["a"]}}, "'files' does not list"),
        ({"tokenizer": "phoneme", "arguments": {"max_pronunciations": 10**9}}, "max_pronunciations must lie in"),
        ({"stream": {"hop": 10**9}}, "'stream': "),
        ({"stream": []}, "'stream' must be dict"),
        ({"name": 3}, "'name' must be str"),
        ({"blank": 5}, "'files' does not list phonemes.onnx"),
    ],
    ids=str,
)
def test_a_manifest_that_lies_is_refused(directory, manifest, change, expected):
    put(directory, MANIFEST, manifest | change)
    with pytest.raises(ModelError, match=expected):
        Spotter.load(directory, streaming=True).enrol("tiger", threshold=0.0)


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"\xff\xfe", b"[" * 100_000, b"{}", b"9" * 10_000, bytes(1 << 25)])
def test_a_manifest_that_is_none_is_refused(directory, data):
    put(directory, MANIFEST, data)
    assert not spots(directory)


@pytest.mark.parametrize("key", ["hop", "window", "stride", "past", "per_step", "size", "ahead", "silence", "floor"])
@pytest.mark.parametrize("value", [1.5, -1, 10**9, "x", float("nan"), True])
def test_a_stream_of_no_shape_is_refused(directory, manifest, key, value):
    manifest["stream"][key] = value
    put(directory, MANIFEST, manifest)
    spots(directory)


def test_graphs_that_are_none_are_refused(directory, manifest):
    rng = random.Random(1)
    for name in ("audio.onnx", "text.onnx", "features.onnx", "frames.onnx", "pool.onnx"):
        whole, heard = (directory / name).read_bytes(), []
        cuts = [whole[:cut] for cut in (0, 1, len(whole) // 2, rng.randrange(len(whole)))]
        for damaged in [*cuts, *(flipped(whole, rng) for _ in range(6 * ROUNDS))]:
            listed = {**manifest["files"], name: hashlib.sha256(damaged).hexdigest()}
            put(directory, MANIFEST, manifest | {"files": listed})
            put(directory, name, damaged)
            heard.append(spots(directory))
        assert name == "audio.onnx" or not any(heard[:3])  # a stream is heard without that one
        put(directory, MANIFEST, manifest)
        assert not spots(directory)  # it is not what was exported
        put(directory, name, whole)
    assert spots(directory)


def flipped(data, rng):
    damaged = bytearray(data)
    for _ in range(rng.choice((1, 4, 50))):
        damaged[rng.randrange(rng.choice((1000, len(data))))] = rng.randrange(256)
    return bytes(damaged)


@pytest.mark.parametrize("place", ["secret", "../secret", "/etc/passwd"])
def test_graphs_read_no_other_file(directory, manifest, tmp_path, monkeypatch, place):
    weight = onnx.TensorProto(name="w", data_type=onnx.TensorProto.FLOAT, dims=[1, 8])
    weight.data_location = onnx.TensorProto.EXTERNAL
    weight.external_data.add(key="location", value=place)
    output = onnx.helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, [1, 8])
    node = onnx.helper.make_node("Identity", ["w"], ["y"])
    graph = onnx.helper.make_graph([node], "graph", [], [output], [weight])
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 17)], ir_version=8)
    data = model.SerializeToString()
    put(directory, MANIFEST, manifest | {"files": {**manifest["files"], "text.onnx": hashlib.sha256(data).hexdigest()}})
    put(directory, "text.onnx", data)
    (tmp_path / "secret").write_bytes(bytes(32))
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ModelError, match=r"text\.onnx: onnxruntime cannot load it: .*[Ee]xternal"):
        Spotter.load(directory, streaming=True)


@pytest.mark.parametrize("name", ["audio.onnx", "frames.onnx"])
@pytest.mark.parametrize("place", ["pipe", "device", "folder", "gone"])
def test_what_is_no_file_is_not_waited_for(directory, name, place):
    (directory / name).unlink()
    if place == "pipe":
        os.mkfifo(directory / name)
    elif place == "folder":
        (directory / name).mkdir()
    elif place == "device":
        (directory / name).symlink_to("/dev/zero")
    assert not spots(directory)


def test_fields_changed_at_random(directory, manifest):
    rng = random.Random(3)
    for _ in range(40 * ROUNDS):
        changed = json.loads(json.dumps(manifest))
        part = rng.choice((changed, changed["stream"], changed["arguments"], changed["files"]))
        part[rng.choice([*part, "other"])] = rng.choice(VALUES)
        put(directory, MANIFEST, changed)
        spots(directory)
