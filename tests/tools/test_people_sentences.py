"""A typed word in people's sentences: whose, which trials, and the scores that a spotter gives."""

import numpy as np
import pytest
import soundfile
from sklearn.metrics import average_precision_score

from kwskit.corpora.held_back import part_of
from kwskit.spotting.spotter import Spotter

pytestmark = pytest.mark.usefixtures("people_bench")
SENTENCES = ["tiger window", "button meadow", "copper kitten", "velvet seven", "tiger meadow"]


@pytest.fixture
def speech(tmp_path, phoneme_sung_model):
    """Common Voice with five sentences of people of the dev half, and one of somebody who is trained on."""
    folder = tmp_path / "speech/common_voice"
    folder.mkdir(parents=True)
    names = [f"clip-{k}" for k in range(400)]
    dev = [name for name in names if part_of("common_voice", name) == "dev"][: len(SENTENCES)]
    others = [name for name in names if part_of("common_voice", name) == "train"][:1]
    rows = ["file\tsentence\tgender\taccent"]
    for k, (name, text) in enumerate(zip([*dev, *others], [*SENTENCES, "nobody hears"], strict=True)):
        pcm = phoneme_sung_model.stream_of(*text.split(), pause=0.3, seed=k)[0]
        soundfile.write(folder / f"{name}.flac", pcm, 16_000)
        rows.append(f"{name}.flac\t{text.upper()}\tfemale\t")
    (folder / "text.tsv").write_text("\n".join(rows) + "\n")
    return tmp_path


@pytest.mark.parametrize("streams", [False, True])
def test_words_are_found_in_the_sentences_of_held_back_people(
    speech, streams, phoneme_sung_model, sung_model, monkeypatch
):
    from people import sentences

    model = phoneme_sung_model if streams else sung_model
    monkeypatch.setattr(sentences.Spotter, "load", staticmethod(lambda _: Spotter(model)))
    found = sentences.sentence_tests(speech, "dev", None, 20, 7)
    assert list(found) == ["common_voice"]
    test = found["common_voice"]
    # Of the test words of the tests of models, seven, nothing is asked.
    assert test.texts == sorted({word for text in SENTENCES for word in text.split()} - {"seven"})
    assert {one.text for one in test.sentences} == set(SENTENCES)
    for row, text, target in test.trials:
        assert (test.texts[text] in test.sentences[row].text.split()) == bool(target)
    assert sum(target for *_, target in test.trials) == len(SENTENCES)
    facts = test.measure("any")
    spotter = Spotter(model)
    scores = [spotter.score(str(test.sentences[row].path), test.texts[text]) for row, text, _ in test.trials]
    scores = np.maximum(scores, sentences.LEAST)
    expected = average_precision_score([target for *_, target in test.trials], scores)
    assert facts["ap"].value == pytest.approx(expected, abs=1e-6)
    assert expected > 0.9
    assert facts["sentences"] == len(SENTENCES)


def test_the_half_of_nobody_has_no_test(speech):
    from people import sentences

    assert sentences.sentence_tests(speech / "absent", "dev", None, 20, 7) == {}
