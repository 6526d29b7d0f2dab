"""Every overlay of the synthetic recipe, and every part that no overlay names, trains, is released, and scores."""

from pathlib import Path

import numpy as np
import pytest

from kwskit.data.records import read_records
from kwskit.data.store.packed_store import PackedStore
from kwskit.encoders.blocks.speech_embedding_network import package_weights
from kwskit.stages.train import train
from kwskit.systems.model_directory import load_model
from kwskit.systems.scoring import TrialScorer

HPARAMS = Path(__file__).parents[2] / "recipes/hparams"
SHORT = {"training.epochs": "1", "training.keywords": "4", "training.utterances": "2"}
# Those that need pre-trained networks of the Hub are tested in tests/encoders/test_pretrained_training.py.
ELSEWHERE = {"encoder/self_supervised", "text/distilbert"}
OVERLAYS = {f"{p.parent.name}/{p.stem}": [p] for p in sorted(HPARAMS.glob("*/*.yaml")) if p.parent.name != "tables"}
OVERLAYS = {name: paths for name, paths in OVERLAYS.items() if name not in ELSEWHERE}
LOSSES = ("adversary", "key", "loss", "monotonic", "schedule")  # folders of overlays that change training alone
# Methods whole, as their papers have them: several overlays at once.
STACKS = {
    "cmcd": "encoder/conv_gru text/g2p_states system/cmcd",
    "phonmatchnet": "encoder/two_stream text/g2p_states system/phonmatchnet loss/mal_frame",
    "emkws": "encoder/conformer system/emkws",
    "ctcat": "encoder/mobilenet text/stressless system/ctcat",
    "ced": "encoder/conformer system/ced_ctc",
    "jmcl": "system/jmcl system/jmcl_authors",
}
VARIANTS = {
    "rpl_distance": {"losses.utt": "!loss:rpl_distance {}"},
    "rpl_angle": {"losses.utt": "!loss:rpl_angle {points: keywords}"},
    "rpl_prototype": {"losses.utt": "!loss:rpl_prototype {mode: softmax_centroid}"},
    "rpl_centroid_relation": {"losses.utt.proto_mode": "centroid_relation"},
    "rpl_proxy_row": {"losses.utt.proto_mode": "proxy_row", "losses.utt.detach_text": "true"},
    "asyp_utt": {"losses.utt": "!loss:asyp {level: utt}"},
    "proxy_bd_text_anchors": {"losses.utt": "!loss:proxy_bd {level: utt, anchor: text}"},
    "proxy_ms_mining": {"losses.phn": "!loss:proxy_ms {level: phn, mine_eps: 0.1}"},
    "clat_diag": {"losses.phn": "!loss:clat {denominator: diag, direction: symmetric}"},
    "clat_multi_in": {"losses.phn": "!loss:clat {denominator: multi_in}"},
    "clap_unique_text": {"losses.utt": "!loss:clap {positives: unique_text}"},
    "dwd_leave_one_out": {"losses.audio": "!loss:dwd {own_centroid: loo, learn_scale: true}"},
    "triplet_semi_hard": {"losses.key": "!loss:keyword_triplet {negatives: semi_hard}"},
    "sphereface2_balanced": {"losses.key.bias_init": "balanced", "losses.key.margin_end": "0.5"},
    "aam_schedule": {
        "losses.key": "!loss:aam_softmax {num_classes: !ref <num_words>, dim: !ref <dim>, margin_end: 0.5}"
    },
    "mean_pooling": {"audio_pooler": "!pooler:mean {dim: !ref <dim>}"},
    "statistics_pooling": {"audio_pooler": "!pooler:statistics {in_dim: !ref <dim>, dim: !ref <dim>}"},
}


@pytest.fixture(autouse=True)
def background_where_it_matters(request, monkeypatch):
    """Hearing one takes as long as the rest: little, and only where what hears, reads or pools is another."""
    monkeypatch.setattr("kwskit.stages.background.SECONDS", 3.0)
    name = request.node.callspec.params["name"]
    overridden = VARIANTS.get(name, ())
    if name.partition("/")[0] in LOSSES or (overridden and all(key.startswith("losses.") for key in overridden)):
        monkeypatch.setattr("kwskit.stages.train.write_background", lambda *_: None)


def check(mini_corpus, folder, overlays, overrides):
    if any("!encoder:speech_embedding" in path.read_text() for path in overlays) and package_weights() is None:
        pytest.skip("the extra speech-embedding is not installed")
    train(HPARAMS / "adml.yaml", mini_corpus, folder, [HPARAMS / "tiny.yaml", *overlays], SHORT | overrides, "cpu")
    model = load_model(folder / "model")
    trials, _ = read_records(mini_corpus / "trials" / "test_wsj.tsv", "trials")
    scores = TrialScorer(PackedStore.open(mini_corpus / "store" / "test"), trials, model.tokenizer).scores(model.system)
    assert len(scores) == len(trials)
    assert np.isfinite(scores).all()
    assert scores.std() > 0


@pytest.mark.parametrize("name", OVERLAYS)
def test_an_overlay(name, mini_corpus, tmp_path):
    check(mini_corpus, tmp_path, OVERLAYS[name], {})


@pytest.mark.parametrize("name", STACKS)
def test_a_stack_of_overlays(name, mini_corpus, tmp_path):
    check(mini_corpus, tmp_path, [HPARAMS / f"{part}.yaml" for part in STACKS[name].split()], {})


@pytest.mark.parametrize("name", VARIANTS)
def test_a_variant(name, mini_corpus, tmp_path):
    check(mini_corpus, tmp_path, [], VARIANTS[name])
