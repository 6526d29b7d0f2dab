"""What stage 3 leaves beside the weights."""

import numpy as np
import pytest

from kwskit.data.store.packed_store import PackedStore
from kwskit.speech_model.torch_model import TorchModel
from kwskit.spotting.background_file import FILE, read_background
from kwskit.spotting.expected_duration import WINDOWS
from kwskit.spotting.spotter import Spotter
from kwskit.stages import background as stage


@pytest.fixture
def store(mini_corpus):
    return PackedStore.open(mini_corpus / "store/dev")


def test_training_records_the_words_of_validation(tiny_model, store):
    found = read_background(tiny_model / FILE)
    said = sorted(found.said.pronunciations)
    tokenizer = TorchModel(tiny_model).tokenizer
    spoken = [
        ["".join(c for c in " ".join(tokenizer.decode(ids)) if c not in "012") for ids in tokenizer.encode(word)]
        for word in store.words
    ]
    assert said == sorted(spoken * 4)
    words = store.num_samples.sum() / 16_000
    assert words + 16 * 0.1 < found.seconds < words + 16 * 0.6
    assert found.said.stop[-1] == pytest.approx(found.seconds)
    lengths = found.said.stop - found.said.start
    assert sorted(lengths) == pytest.approx(sorted(store.num_samples / 16_000))
    assert (found.said.start[1:] - found.said.stop[:-1] >= 0.0999).all()
    assert set(np.round(found.stop - found.start, 3)) == set(WINDOWS)
    spotter = Spotter.load(tiny_model)
    keyword = spotter.enrol("tiger")
    assert keyword.threshold_source == "extrapolated"
    rocket, tiger = spotter.enrol("rocket", threshold=0), spotter.enrol("tiger", threshold=0)
    assert found.peaks(rocket)[1] < found.peaks(tiger)[1] == pytest.approx(found.seconds / 3600)


def test_it_is_the_same_for_a_seed_and_bounded(tiny_model, store, tmp_path, monkeypatch):
    monkeypatch.setattr(stage, "SECONDS", 4.0)
    found = []
    for seed in (1, 1, 2):
        (tmp_path / "model").mkdir(exist_ok=True)
        for path in tiny_model.iterdir():
            if path.name != FILE:
                (tmp_path / "model" / path.name).write_bytes(path.read_bytes())
        stage.write_background(tmp_path / "model", store, seed)
        found.append(read_background(tmp_path / "model" / FILE))
    assert all(2.5 < one.seconds <= 4 for one in found)
    np.testing.assert_array_equal(found[0].codes.codes, found[1].codes.codes)
    assert found[0].said.pronunciations != found[2].said.pronunciations
