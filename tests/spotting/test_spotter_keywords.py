"""Keywords of a spotter: enrolled, named and forgotten; and what a spotter needs."""

import logging
import subprocess
import sys

import numpy as np
import pytest
from scipy.stats import norm

import kwskit
from kwskit.errors import ModelError
from kwskit.spotting.cohort import cohort_words
from kwskit.spotting.spotter import Spotter


def test_a_keyword_is_one_in_any_spelling(sung_model):
    spotter = Spotter(sung_model)
    spotter.enrol("hey_nova", threshold=1)
    spotter.enrol("Hey Nova!", threshold=2)
    assert [(name, keyword.threshold) for name, keyword in spotter.keywords.items()] == [("Hey Nova!", 2)]
    spotter.forget("HEY NOVA")
    assert not spotter.keywords
    with pytest.raises(KeyError, match="no keyword 'hey_nova'"):
        spotter.forget("hey_nova")


def test_enrolling_and_forgetting(sung_model, caplog):
    spotter = Spotter(sung_model)
    with caplog.at_level(logging.WARNING):
        keyword = spotter.enrol("hey nova", fa_per_hour=2.0)
    assert "threshold of 'hey nova' is not calibrated" in caplog.text
    assert keyword.pronunciations[0] == "HH EY | N OW V AH"
    assert (keyword.name, keyword.fa_per_hour, keyword.threshold_source) == ("hey nova", 2.0, "gaussian")
    windows = sum(3600 / (seconds / 4) for seconds in keyword.windows)
    assert keyword.threshold == pytest.approx(norm.isf(2.0 / windows))
    spotter.enrol("tiger", name="hey nova", threshold=1)
    assert [keyword.text for keyword in spotter.keywords.values()] == ["tiger"]
    spotter.forget("hey nova")
    assert dict(spotter.keywords) == {}
    with pytest.raises(KeyError, match="no keyword 'hey nova' is enrolled; there are: none"):
        spotter.forget("hey nova")
    with pytest.raises(TypeError):
        spotter.keywords["x"] = keyword


def test_a_phrase_has_two_fifths_of_what_it_scores_as_typed_at_least(sung_model):
    spotter, rate = Spotter(sung_model), 200.0  # at which a threshold of its own would be lower
    (ids,) = sung_model.tokenizer.encode("hey tiger")
    own = sung_model.embed_tokens([ids])[0]
    others = [sung_model.embed_tokens(sung_model.tokenizer.encode(word)) @ own for word in cohort_words(300)]
    cosines = np.array([cosine.max() for cosine in others])
    least = 0.4 * (1 - cosines.mean()) / cosines.std()
    phrase = spotter.enrol("hey tiger", fa_per_hour=rate)
    chances = sum(3600 / (seconds / 4) for seconds in phrase.windows)
    assert norm.isf(rate / chances) < least
    assert phrase.threshold == pytest.approx(least, abs=1e-4)
    assert spotter.enrol("hey tiger", threshold=0.1).threshold == 0.1
    word = spotter.enrol("tiger", fa_per_hour=rate)
    chances = sum(3600 / (seconds / 4) for seconds in word.windows)
    assert word.threshold == pytest.approx(norm.isf(rate / chances))


def test_models_that_are_none(tmp_path, sung_model):
    with pytest.raises(ModelError, match="holds neither"):
        Spotter.load(tmp_path)
    with pytest.raises(ModelError, match="is no directory"):
        Spotter.load(tmp_path / "none")
    with pytest.raises(ModelError, match="needs whole windows"):
        Spotter(sung_model, streaming=True)


WITHOUT_TORCH = """
import sys

class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in "torch torchaudio speechbrain scipy pyarrow sklearn matplotlib".split():
            raise ImportError(f"{name} is refused")

sys.meta_path.insert(0, Refuse())
import kwskit
assert len([name for name in sys.modules if name.startswith("kwskit")]) < 5
from kwskit import Spotter
import kwskit.spotting.microphone, kwskit.spotting.hit_writer
from kwskit.cli import main
assert main(["spot", "--model", "nowhere", "--keyword", "x", "-"]) == 1
"""


def test_spotting_imports_no_torch():
    done = subprocess.run([sys.executable, "-c", WITHOUT_TORCH], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "nowhere is no directory" in done.stderr


def test_the_package_has_it():
    assert kwskit.Spotter is Spotter
    with pytest.raises(AttributeError, match="no attribute 'Spotters'"):
        _ = kwskit.Spotters
