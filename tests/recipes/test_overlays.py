"""Every overlay of the synthetic recipe trains, is released, and scores."""

from pathlib import Path

import numpy as np
import pytest

from kwskit.data.store import PackedStore
from kwskit.records import read_records
from kwskit.stages.train import train
from kwskit.systems.model_directory import load_model
from kwskit.systems.scoring import TrialScorer

HPARAMS = Path(__file__).parents[2] / "recipes/synth/hparams"
OVERLAYS = sorted(p for p in HPARAMS.glob("*/*.yaml") if p.parent.name != "tables")
SHORT = {"training.epochs": "1", "training.keywords": "4", "training.utterances": "2"}


@pytest.mark.parametrize("overlay", OVERLAYS, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_an_overlay_trains_and_scores(overlay, mini_corpus, tmp_path):
    train(HPARAMS / "adml.yaml", mini_corpus, tmp_path, [HPARAMS / "tiny.yaml", overlay], SHORT, device="cpu")
    model = load_model(tmp_path / "model")
    trials, _ = read_records(mini_corpus / "trials" / "test_wsj.tsv", "trials")
    scores = TrialScorer(PackedStore.open(mini_corpus / "store" / "test"), trials, model.tokenizer).scores(model.system)
    assert len(scores) == len(trials)
    assert np.isfinite(scores).all() and scores.std() > 0
