"""Encoders of the package transformers, trained and released by the recipes' overlays; with networks of chance."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from kwskit.data.records import read_records
from kwskit.data.store.packed_store import PackedStore
from kwskit.errors import UnpronounceableText
from kwskit.export.graphs import graphs, write_graph
from kwskit.speech_model.onnx_model import AUDIO, TEXT
from kwskit.spotting.spotter import Spotter
from kwskit.stages.train import train
from kwskit.systems.model_directory import load_model
from kwskit.systems.scoring import TrialScorer

transformers = pytest.importorskip("transformers", reason="the extra transformers is not installed")

HPARAMS = Path(__file__).parents[2] / "recipes/hparams"
LETTERS = "abcdefghijklmnopqrstuvwxyz"
PIECES = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", *LETTERS, *(f"##{letter}" for letter in LETTERS), "ban", "##ana", "but"]


@pytest.fixture(scope="module")
def networks(tmp_path_factory):
    """Directories of a small WavLM and of a small DistilBERT."""
    folder = tmp_path_factory.mktemp("networks")
    torch.manual_seed(0)
    convolutions = {"conv_dim": [8] * 3, "conv_kernel": [10, 8, 4], "conv_stride": [5, 8, 8]}
    sizes = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 24}
    positions = {"num_conv_pos_embeddings": 6, "num_conv_pos_embedding_groups": 2, "num_feat_extract_layers": 3}
    speech = transformers.WavLMModel(transformers.WavLMConfig(**convolutions, **sizes, **positions))
    speech.save_pretrained(folder / "speech")
    (folder / "speech/preprocessor_config.json").write_text(json.dumps({"do_normalize": True}))
    config = transformers.DistilBertConfig(vocab_size=len(PIECES), dim=12, n_layers=2, n_heads=2, hidden_dim=20)
    transformers.DistilBertModel(config).save_pretrained(folder / "text")
    (folder / "text/vocab.txt").write_text("\n".join(PIECES) + "\n")
    return folder


def trained(networks, corpus, exp, overlays, overrides=()):
    """Trained by the overlays' names for one epoch."""
    settings = {
        "pretrained_speech": str(networks / "speech"),
        "pretrained_text": str(networks / "text"),
        "num_tokens": str(len(PIECES)),
        "training.epochs": "1",
        "training.keywords": "4",
        **dict(overrides),
    }
    files = [HPARAMS / "tiny.yaml", *(HPARAMS / f"{name}.yaml" for name in overlays)]
    train(HPARAMS / "adml.yaml", corpus, exp, files, settings, "cpu")
    return exp / "model"


def embeddings(system, tokenizer):
    wav = torch.sin(torch.arange(9000) ** 1.3)[None].expand(2, -1)
    ids = torch.tensor(tokenizer.encode("banana"))
    with torch.no_grad():
        return system.embed_audio(wav, torch.tensor([9000, 5000])), system.embed_text(ids, torch.tensor([ids.shape[1]]))


def assert_graphs_agree(model, folder):
    """What onnxruntime makes of the graphs is what torch makes, for other lengths than those they were traced with."""
    onnxruntime = pytest.importorskip("onnxruntime")
    pytest.importorskip("onnx")
    found = graphs(model.system, model.tokenizer.size)
    wav, ids = torch.sin(torch.arange(18_000.0).view(2, -1) ** 1.3), torch.tensor([[5, 6, 7, 8, 9], [7, 8, 0, 0, 0]])
    inputs = {
        AUDIO: {"wav": wav, "lens": torch.tensor([9000, 700])},
        TEXT: {"tokens": ids, "lens": torch.tensor([5, 2])},
    }
    for name, values in inputs.items():
        write_graph(found[name], folder / name)
        session = onnxruntime.InferenceSession(str(folder / name))
        (made,) = session.run(None, {key: value.numpy() for key, value in values.items()})
        with torch.no_grad():
            expected = found[name].module(*values.values())
        torch.testing.assert_close(torch.from_numpy(made), expected, rtol=1e-4, atol=1e-5)


def test_a_model_is_trained_on_frozen_networks_and_stands_alone(networks, mini_corpus, tmp_path):
    borrowed = tmp_path / "networks"
    shutil.copytree(networks, borrowed)
    model = trained(borrowed, mini_corpus, tmp_path / "exp", ["encoder/self_supervised", "text/distilbert"])
    shutil.rmtree(borrowed)
    files = {path.name for path in model.iterdir()} - {"README.md", "background.npz"}
    beside = {"acoustic_encoder.json", "text_encoder.json", "vocabulary.txt"}
    assert files == {"model.yaml", "model.safetensors", *beside}
    assert str(tmp_path) not in "".join((model / name).read_text() for name in (*beside, "model.yaml"))

    loaded = load_model(model)
    encoder = loaded.system.acoustic_encoder
    for name, own in (("speech", encoder.network), ("text", loaded.system.text_encoder.network)):
        kind = transformers.WavLMModel if name == "speech" else transformers.DistilBertModel
        before = kind.from_pretrained(networks / name).state_dict()
        assert all(torch.equal(value, before[key]) for key, value in own.state_dict().items())
    assert encoder.layer_weights.any()  # they start at 0
    best = torch.load(tmp_path / "exp/train/best.pt", weights_only=True)["system"]
    assert torch.equal(best["acoustic_encoder.layer_weights"], encoder.layer_weights)

    moved = tmp_path / "elsewhere"
    model.rename(moved)
    again = load_model(moved)
    for a, b in zip(
        embeddings(loaded.system, loaded.tokenizer), embeddings(again.system, again.tokenizer), strict=True
    ):
        assert torch.equal(a, b)
    trials, _ = read_records(mini_corpus / "trials" / "test_wsj.tsv", "trials")
    scores = TrialScorer(PackedStore.open(mini_corpus / "store" / "test"), trials, again.tokenizer).scores(again.system)
    assert np.isfinite(scores).all()
    assert scores.std() > 0
    assert_graphs_agree(again, tmp_path)
    spotter = Spotter.load(moved)
    assert spotter.enrol("banana").threshold is not None
    with pytest.raises(UnpronounceableText, match="reads letters, not phonemes"):
        spotter.enrol("banana=B AH0 N AE1 N AH0")


def test_emkws_on_fine_tuned_networks(networks, mini_corpus, tmp_path):
    tuned = {"acoustic_encoder.frozen": "false", "text_encoder.frozen": "false"}
    overlays = ["encoder/self_supervised", "text/distilbert", "system/emkws"]
    model = load_model(trained(networks, mini_corpus, tmp_path, overlays, tuned))
    before = transformers.WavLMModel.from_pretrained(networks / "speech").state_dict()
    own = model.system.acoustic_encoder.network.state_dict()
    moved = {key for key, value in own.items() if not torch.equal(value, before[key])}
    assert any(key.startswith("encoder.layers.1.") for key in moved)
    assert not any(key.startswith("feature_extractor.") for key in moved)
