"""How much of a model is in 8 bits."""

import hashlib
import json

import numpy as np

from kwskit.export import quantised_model
from kwskit.export.agreement import Agreement
from kwskit.export.clips import Clips
from kwskit.speech_model.onnx_model import OnnxModel


def test_where_eight_bits_are_too_few_the_first_products_keep_floats(exported, tmp_path, monkeypatch):
    """Of a comparison that is satisfied by the third attempt alone."""
    floats = exported["windows"]
    kept, attempts = [], iter([0.5, 0.98, 0.995])
    by_range = quantised_model.quantise_by_range

    def noted(source, target, feeds, floats=0):
        kept.append((source.name, floats))
        by_range(source, target, feeds, floats)

    class Comparison:
        def speech(self, model):
            return Agreement(next(attempts), 1.0, 1)

    def describe(directory):
        facts = json.loads((floats / "model.onnx.json").read_text())
        facts["files"] = {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in directory.glob("*.onnx")}
        (directory / "model.onnx.json").write_text(json.dumps(facts))

    monkeypatch.setattr(quantised_model, "quantise_by_range", noted)
    quantised_model.quantise_model(floats, tmp_path, describe, Comparison(), Clips.made().pcm[:3])
    assert kept == [("audio.onnx", number) for number in quantised_model.FLOATS[:3]]


def test_an_embedding_of_eight_bits_does_not_depend_on_its_batch(exported):
    """Of LSTMs, whose inputs would have the range of the loudest row."""
    model = OnnxModel(exported["int8"])
    wav = np.random.default_rng(0).normal(0, [[0.001], [0.2], [0.02]], (3, 8_000)).astype(np.float32)
    lens = np.full(3, 8_000)
    alone = np.concatenate([model.embed_speech(one[None], lens[:1]) for one in wav])
    np.testing.assert_allclose(model.embed_speech(wav, lens), alone, atol=1e-5)
    tokens = [ids for text in ("fellow americans", "country", "do") for ids in model.tokenizer.encode(text)]
    alone = np.concatenate([model.embed_tokens([ids]) for ids in tokens])
    np.testing.assert_allclose(model.embed_tokens(tokens), alone, atol=1e-5)
