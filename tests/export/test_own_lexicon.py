"""A lexicon beside a model: read there and in the export, or refused; and keywords that say how they are said."""

import shutil

import numpy as np
import pytest

from kwskit.errors import ModelError
from kwskit.export.clips import Clips
from kwskit.export.export_model import export_model
from kwskit.speech_model.open_model import open_model
from kwskit.spotting.spotter import Spotter

LINE = "hadouken HH AA1 D UW1 K EH2 N\n"
KEYWORDS = ("hadouken", "hadouken=HH AH1 D OW1, HH AA1 D UW0", "hadouken~ha doo ken", "hey hadouken", "zorblax")


@pytest.fixture
def mine(trained, tmp_path):
    """A copy of a trained model with a lexicon beside it, which model.yaml does not name yet."""
    directory = tmp_path / "mine"
    shutil.copytree(trained["windows"], directory)
    (directory / "lexicon.dict").write_text(LINE)
    return directory


def name_it(directory):
    text = (directory / "model.yaml").read_text()
    (directory / "model.yaml").write_text(text.replace("stress: true", "stress: true, lexicon: lexicon.dict"))


def exported_beside(directory):
    clips = Clips.made()
    export_model(directory, directory / "onnx", Clips(clips.pcm[::10], clips.source))


def test_a_lexicon_that_is_not_read_is_refused(mine):
    for refuses in (lambda: open_model(mine), lambda: exported_beside(mine)):
        with pytest.raises(ModelError, match=r"lexicon\.dict: the model does not read it: name it in model\.yaml"):
            refuses()
    (mine / "lexicon.dict").rename(mine / "words.dict")
    assert open_model(mine).name == "mine"
    assert Spotter.load(mine, lexicon=mine / "words.dict").enrol("hadouken", threshold=1).pronunciations == (
        "HH AA1 D UW1 K EH2 N",
    )


def test_an_export_has_the_lexicon_and_says_keywords_as_torch_does(mine):
    name_it(mine)
    exported_beside(mine)
    (mine / "more.dict").write_text("zorblax Z AO1 R B\nzorblax(2) Z OW1 R B\n")
    spotters = [Spotter.load(path, lexicon=mine / "more.dict") for path in (mine, mine / "onnx")]
    assert type(spotters[0].model).__name__ == "OnnxModel"
    shutil.move(mine / "onnx", mine.parent / "apart")
    spotters.append(Spotter.load(mine, lexicon=mine / "more.dict"))
    assert type(spotters[2].model).__name__ == "TorchModel"
    for typed in KEYWORDS:
        found = [spotter.enrol(typed, threshold=1) for spotter in spotters]
        assert found[0].pronunciations == found[1].pronunciations == found[2].pronunciations
        for one in found[:2]:
            np.testing.assert_allclose(one.embeddings, found[2].embeddings, atol=1e-4)
    said = spotters[0].keywords
    assert said["hey hadouken"].pronunciations == ("HH EY1 | HH AA1 D UW1 K EH2 N",)
    assert said["zorblax"].pronunciations == ("Z AO1 R B", "Z OW1 R B")


def test_an_export_with_another_lexicon_than_its_model_is_refused(mine):
    name_it(mine)
    exported_beside(mine)
    (mine / "lexicon.dict").write_text("hadouken HH EY1\n")
    with pytest.raises(ModelError, match=r"mine/lexicon\.dict.* export it anew"):
        Spotter.load(mine)
    exported_beside(mine)
    assert Spotter.load(mine).enrol("hadouken", threshold=1).pronunciations == ("HH EY1",)
