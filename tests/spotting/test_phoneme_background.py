"""Phonemes that are heard where no keyword is said, against loops over them and streams of the same sound."""

import dataclasses
from itertools import pairwise

import numpy as np
import pytest

from kwskit.spotting import phoneme_background
from kwskit.spotting.cohort import cohort_words
from kwskit.spotting.phoneme_background import costs_of
from kwskit.spotting.phoneme_scores import LEAST, WEIGHT
from kwskit.spotting.said_words import SaidWords
from kwskit.spotting.score_smoothing import NEAR
from kwskit.spotting.spotter import Spotter
from tests.spotting.paths_by_loops import keyword_paths, near

RATE, FRAME, FINE = 16_000, 0.04, 31 / 8
OTHERS = cohort_words(330)[300:]
TEXTS = ("tiger", "either", "banana", OTHERS[3])


@pytest.fixture
def spotter(phoneme_sung_model, babble_background):
    return Spotter(phoneme_sung_model, babble_background)


@pytest.fixture
def nothing_known(babble_background):
    """The same, without the words that are said."""
    return dataclasses.replace(babble_background, said=SaidWords.join([]))


@pytest.fixture(scope="module")
def recordings(babble):
    """Parts of the sound, cut anywhere: many are shorter than a keyword may take, or than a window."""
    cuts = np.cumsum([0, 30_000, 7_001, 60_000, 1_000, 15_999, 40_000, 3_000, 100_000, 20_000, 9_000])
    return [babble[0][a:b] for a, b in pairwise(cuts.tolist())]


def recorded(model, recordings):
    recorder = Spotter(model).recorder()
    for one in recordings:
        recorder.record([one])
    return recorder.background()


def places(spotter, pcm, keyword):
    """(n, 4): score, the part of it that is of phonemes, and times of what a stream hears of a keyword."""
    stream, found = spotter.listen_for([keyword], np.inf), []
    for hear in (lambda: stream.push(pcm), stream.finish):
        hear()
        heard = stream.heard
        if heard.phonemes is not None:
            found.append(np.stack([heard.score[:, 0], heard.phonemes[:, 0], heard.start, heard.stop], 1))
    return np.concatenate(found)


def highest(found, refractory):
    """The best place of (score, start, stop), the best that is not within ``refractory`` s of it, and so on."""
    kept = []
    for score, start, stop in sorted(found.tolist(), reverse=True):
        if all(abs(start + stop - one[1] - one[2]) / 2 >= refractory - 1e-9 for one in kept):
            kept.append((score, start, stop))
    return np.array([score for score, _, _ in kept])


class Coarse:
    """A model that hears phonemes in the steps in which a background keeps them."""

    def __init__(self, model):
        self._model = model

    def __getattr__(self, name):
        return getattr(self._model, name)

    def log_probs(self, frames):
        return costs_of(self._model.log_probs(frames)).astype(np.float32) / np.float32(-FINE)


def stored_scores(background, keyword, places):
    """(n,) averages at places (n, 2) of what the codes of windows near them score, then over the windows' lengths."""
    cosine = (background.codes.vectors(slice(None)) @ keyword.embeddings.T).max(1)
    score = (cosine - background.mean.astype(np.float32)) / background.deviation.astype(np.float32)
    means = np.full((len(keyword.windows), len(places)), np.nan)
    for k, length in enumerate(keyword.windows):
        own = np.isclose(background.stop - background.start, length, atol=0.03)
        centre = ((background.start + background.stop) / 2)[own]
        for n, place in enumerate(places.mean(1)):
            near = np.abs(centre - place) < 0.0801
            means[k, n] = score[own][near].mean() if near.any() else np.nan
    return np.nanmean(means, 0)


def test_costs_are_steps_of_log_probability(phoneme_sung_model, babble, babble_background):
    log_probs = phoneme_sung_model.log_probs(phoneme_sung_model.features(babble[0]))
    away = np.minimum(log_probs.max(1, keepdims=True) - log_probs, 8) * FINE
    found = babble_background.phonemes
    assert (found.blank, found.frame, found.costs.dtype) == (phoneme_sung_model.blank, FRAME, np.uint8)
    assert np.abs(found.costs - away).max() <= 0.5 + 1e-4
    assert (found.costs.min(1) == 0).all()
    assert 25 < found.costs.max() <= 31


@pytest.mark.parametrize("text", TEXTS)
def test_the_best_near_by_loops(spotter, babble_background, text):
    keyword, found = spotter.enrol(text, threshold=0), babble_background.phonemes
    paths = keyword_paths(found.costs / np.float32(-FINE), keyword, found.blank, FRAME)
    centre = np.arange(0, len(found.costs) * FRAME, 0.07)
    known = centre + np.random.default_rng(0).uniform(0, 0.6, len(centre))
    expected = near(paths, centre, np.minimum(known, len(found.costs) * FRAME), NEAR)
    assert (expected > LEAST).mean() > 0.1
    np.testing.assert_allclose(found.near(keyword, centre, known), expected, atol=1e-5)


@pytest.mark.parametrize(("stream", "steps"), [(60, 7), (333, 50), (10_000, 1000)])
def test_they_do_not_depend_on_how_the_search_is_cut(spotter, babble_background, monkeypatch, stream, steps):
    found = babble_background.phonemes
    centre = np.repeat(np.arange(0, len(found.costs) * FRAME, 0.04), 3)
    known = centre + np.tile([0.04, 0.2, 0.4], len(centre) // 3)
    keywords = [spotter.enrol(text, threshold=0) for text in TEXTS]
    expected = [found.near(keyword, centre, known) for keyword in keywords]
    monkeypatch.setattr(phoneme_background, "STREAM", stream)
    monkeypatch.setattr(phoneme_background, "STEPS", steps)
    again = dataclasses.replace(found, _last={})
    for keyword, best in zip(keywords, expected, strict=True):
        np.testing.assert_allclose(again.near(keyword, centre, known), best, atol=1e-5)


def test_recordings_follow_each_other(phoneme_sung_model, babble):
    sizes = (50_000, 30_001, 0, 64_000, 300)
    recorder, words = Spotter(phoneme_sung_model).recorder(), SaidWords(np.array([1.0]), np.array([1.5]), [["T AY"]])
    for size in sizes:
        recorder.record([babble[0][: size // 2], babble[0][size // 2 : size]], words)
    background = recorder.background()
    found, begin = background.phonemes, np.cumsum([0, *sizes[:-1]]) / RATE + 10 * np.arange(5)
    assert background.seconds == pytest.approx(sum(sizes) / RATE)
    np.testing.assert_allclose(background.said.start, begin + 1)
    np.testing.assert_allclose(found.begin, begin[[0, 1, 3, 4]])  # nothing is heard in the third
    assert found.first.tolist() == [0, 78, 124, 224]
    assert len(found.costs) == 225
    whole = recorded(phoneme_sung_model, [babble[0]]).phonemes.costs
    for first, past in ((0, 78), (78, 124), (124, 224)):
        np.testing.assert_array_equal(found.costs[first:past], whole[: past - first])


@pytest.mark.parametrize("text", TEXTS)
def test_no_path_goes_from_one_recording_to_the_next(phoneme_sung_model, recordings, text):
    """Each recording is heard as if it were the only one."""
    keyword = Spotter(phoneme_sung_model).enrol(text, threshold=0)
    found = recorded(phoneme_sung_model, recordings).phonemes
    crossing = keyword_paths(found.costs / np.float32(-FINE), keyword, found.blank, FRAME)
    crossed = 0
    for number, pcm in enumerate(recordings):
        alone = recorded(phoneme_sung_model, [pcm]).phonemes
        first, begin = found.first[number], found.begin[number]
        np.testing.assert_array_equal(found.costs[first : first + len(alone.costs)], alone.costs)
        centre = np.arange(0.1, len(pcm) / RATE, 0.02)  # no window is centred before
        expected = alone.near(keyword, centre, centre + 0.3)
        paths = keyword_paths(alone.costs / np.float32(-FINE), keyword, found.blank, FRAME)
        until = np.minimum(centre + 0.3, len(alone.costs) * FRAME)
        np.testing.assert_allclose(expected, near(paths, centre, until, NEAR), atol=1e-5)
        np.testing.assert_allclose(found.near(keyword, begin + centre, begin + centre + 0.3), expected, atol=1e-5)
        crossed += (near(crossing, centre + first * FRAME, centre + first * FRAME + 0.3, NEAR) > expected + 1e-4).sum()
    assert crossed  # places at which a path through the recording before would be better


@pytest.mark.parametrize("text", TEXTS)
def test_peaks_are_those_of_a_stream(spotter, babble_background, babble, text):
    """Of its windows as they are kept; those that overlap the keyword where it is said are left out, and their time."""
    pcm, said = babble
    keyword = spotter.enrol(text, threshold=0)
    own = [(start, stop) for word, start, stop in said if word == text]
    assert bool(own) == (text in OTHERS)
    found = places(Spotter(Coarse(spotter.model)), pcm, keyword)
    score = stored_scores(babble_background, keyword, found[:, 2:]) + WEIGHT * found[:, 1]
    away = score - found[:, 0]
    assert np.abs(away).mean() < 0.05
    assert abs(away.mean()) < 0.02
    kept = np.all([(found[:, 3] <= a) | (found[:, 2] >= b) for a, b in own] or [np.ones(len(found), bool)], 0)
    assert kept.all() != bool(own)
    expected = highest(np.column_stack([score, found[:, 2:]])[kept], max(1.0, keyword.seconds))
    peaks, hours = babble_background.peaks(keyword, -np.inf)
    assert hours * 3600 == pytest.approx(len(pcm) / RATE - sum(b - a for a, b in own))
    np.testing.assert_allclose(peaks[:40], expected[:40], atol=1e-3)
    np.testing.assert_array_equal(babble_background.peaks(keyword)[0][:40], peaks[:40])
    least = float(peaks[7])
    np.testing.assert_array_equal(babble_background.peaks(keyword, least)[0], peaks[:8])


@pytest.mark.parametrize("text", OTHERS[:4])
def test_quantisation_costs_little(phoneme_sung_model, nothing_known, babble, text):
    """Of words that are said there, when that is not known."""
    spotter = Spotter(phoneme_sung_model, nothing_known)
    keyword = spotter.enrol(text, threshold=0)
    expected = highest(places(spotter, babble[0], keyword)[:, [0, 2, 3]], max(1.0, keyword.seconds))
    peaks, _ = nothing_known.peaks(keyword)
    assert expected[4] > 1
    np.testing.assert_allclose(peaks[:10], expected[:10], atol=0.3)


@pytest.mark.parametrize("text", TEXTS)
def test_the_rate_of_a_threshold_is_that_which_it_was_asked_for(spotter, babble_background, text):
    hours, rates = babble_background.peaks(spotter.enrol(text, threshold=0))[1], (0.1, 5.0, 60.0, 200.0, 400.0)
    thresholds = []
    for rate in rates:
        keyword = spotter.enrol(text, fa_per_hour=rate)
        thresholds.append(keyword.threshold)
        assert keyword.threshold == pytest.approx(babble_background.threshold(keyword, rate))
        told = babble_background.false_alarms(keyword, keyword.threshold)
        if keyword.threshold_source == "counted":
            assert told == pytest.approx(int(rate * hours) / hours, rel=0.05)
        else:
            assert told == pytest.approx(rate)
    assert thresholds == sorted(thresholds, reverse=True)


@pytest.mark.parametrize("rate", [200.0, 300.0])
@pytest.mark.parametrize("text", [*OTHERS[:2], "either"])
def test_the_rate_that_was_asked_for_is_heard(phoneme_sung_model, nothing_known, babble, rate, text):
    spotter = Spotter(phoneme_sung_model, nothing_known)
    keyword = spotter.enrol(text, fa_per_hour=rate)
    asked = rate * len(babble[0]) / RATE / 3600
    assert keyword.threshold_source == "counted"
    assert 0.7 * asked - 1 <= len(spotter.spot(babble[0])) <= 1.3 * asked + 1
