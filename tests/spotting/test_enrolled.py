"""Keywords of what is typed and said."""

import numpy as np
import pytest

from kwskit.errors import UnpronounceableText
from kwskit.spotting.expected_duration import WINDOWS, expected_seconds, fitting_windows
from kwskit.spotting.spoken_example import trimmed
from kwskit.spotting.spotter import Spotter

RATE = 16_000


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ({}, ValueError, "text, examples, or both"),
        ({"examples": [np.ones(8000, np.int16)]}, ValueError, "needs a name"),
        ({"text": "x", "examples": "a.wav"}, ValueError, "a list of recordings"),
        ({"text": "...", "threshold": 1}, UnpronounceableText, "cannot pronounce"),
        ({"text": "tiger", "fa_per_hour": 0}, ValueError, "above 0"),
        ({"name": "x", "examples": [np.zeros(8000, np.int16)]}, ValueError, "silent"),
        ({"name": "x", "examples": [np.zeros((2, 800), np.int16)]}, ValueError, "one channel"),
        ({"name": "x", "examples": [np.full(800, np.nan)]}, ValueError, "NaN"),
        ({"name": "x", "examples": [np.ones(800, np.int64)]}, ValueError, "int16, or float"),
    ],
)
def test_keywords_that_cannot_be(sung_model, given, error, message):
    spotter = Spotter(sung_model)
    with pytest.raises(error, match=message):
        spotter.enrol(**given)
    assert not spotter.keywords


def test_examples_are_trimmed_and_averaged(sung_model):
    spotter = Spotter(sung_model)
    recordings = [sung_model.stream_of("hey nova", pause=pause, seed=seed)[0] for seed, pause in enumerate((0.4, 0.7))]
    cut = [trimmed(pcm) for pcm in recordings]
    said = len(sung_model.say("hey nova")) / RATE
    assert [len(pcm) / RATE for pcm in cut] == pytest.approx([said + 0.1] * 2, abs=0.021)
    mean = np.mean([sung_model.embed_windows(pcm[None])[0] for pcm in cut], 0)
    mean /= np.linalg.norm(mean)
    alone = spotter.enrol(examples=recordings, name="it", threshold=5)
    np.testing.assert_allclose(alone.embeddings, [mean], atol=1e-5)
    assert (alone.seconds, alone.text) == (pytest.approx(said + 0.1, abs=0.021), "")
    assert (alone.windows, alone.examples) == (fitting_windows(alone.seconds), 2)
    both = spotter.enrol("hey nova", examples=recordings, threshold=5)
    rows = sung_model.embed_tokens(sung_model.tokenizer.encode("hey nova"))
    expected = [(row + mean) / np.linalg.norm(row + mean) for row in rows]
    np.testing.assert_allclose(both.embeddings, expected, atol=1e-5)
    assert both.seconds == pytest.approx((alone.seconds + expected_seconds("hey nova")) / 2)
    hits = spotter.spot(sung_model.stream_of("banana", "hey nova", "tiger")[0])
    assert sorted(hit.keyword for hit in hits) == ["hey nova", "it"]


def test_the_loudest_stretch_is_the_example():
    rng = np.random.default_rng(0)
    noise = rng.normal(0, 200, 2 * RATE)
    noise[8000:16_000] += 5000 * np.sin(np.arange(8000) * 0.3)  # the word, 20 dB and more over the noise
    noise[24_000:24_400] += 5000 * np.sin(np.arange(400) * 0.3)  # a click
    assert len(trimmed(noise.astype(np.int16))) == pytest.approx(8000 + 1600, abs=320)


def test_too_long_an_example(sung_model):
    loud = np.random.default_rng(0).normal(0, 3000, 6 * RATE).astype(np.int16)
    with pytest.raises(ValueError, match=r"takes 6\.0 s: a keyword is 5 s long at most"):
        Spotter(sung_model).enrol("x", examples=[loud])


def test_expected_durations_and_windows():
    assert expected_seconds("hey nova") == pytest.approx(0.262 + 6 * 0.0533)
    assert expected_seconds("…日本") == pytest.approx(0.262 + 2 * 0.0533)  # no phonemes: letters
    for seconds in np.geomspace(0.1, 6, 50):
        found = fitting_windows(seconds)
        assert len(found) >= 2
        assert set(found) >= {window for window in WINDOWS if 0.6 * seconds <= window <= 1.7 * seconds}
        assert list(found) == sorted(found)
    assert fitting_windows(0.1) == (0.3, 0.5)
    assert fitting_windows(9.0) == (1.2, 1.8)
    assert fitting_windows(0.58) == (0.5, 0.8)
