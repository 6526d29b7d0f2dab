"""Backgrounds of frames against streams of the same sound."""

import dataclasses

import numpy as np
import pytest

from kwskit.spotting import frame_background
from kwskit.spotting.cohort import cohort_words
from kwskit.spotting.said_words import SaidWords
from kwskit.spotting.spotter import Spotter

RATE, FRAME = 16_000, 0.04
OTHERS = cohort_words(330)[300:]
TEXTS = ("tiger", "either", "banana", OTHERS[3])


@pytest.fixture
def nothing_known(babble_background):
    """The same, without the words that are said."""
    return dataclasses.replace(babble_background, said=SaidWords.join([]))


@pytest.fixture
def spotter(phoneme_sung_model, babble_background):
    return Spotter(phoneme_sung_model, babble_background)


def places(spotter, pcm, keyword):
    """[(score, start, stop)] of what a stream hears of a keyword."""
    stream, found = spotter.listen_for([keyword], np.inf), []
    for hear in (lambda: stream.push(pcm), stream.finish):
        hear()
        found += zip(stream.scores[1][:, 0].tolist(), *map(np.ndarray.tolist, stream.windows), strict=True)
    return found


def highest(found, refractory):
    """The best place, the best that is not within ``refractory`` s of it, and so on."""
    kept = []
    for score, start, stop in sorted(found, reverse=True):
        if all(abs(start + stop - one[1] - one[2]) / 2 >= refractory - 1e-9 for one in kept):
            kept.append((score, start, stop))
    return np.array([score for score, _, _ in kept])


class Decoded:
    """A model that makes the frames of a background again, whatever it is given."""

    def __init__(self, model, codes):
        self._model, self._codes, self._told = model, codes, 0

    def __getattr__(self, name):
        return getattr(self._model, name)

    def features(self, pcm):
        first, self._told = self._told, self._told + len(pcm) // 640
        return self._codes.vectors(slice(first, self._told))

    def log_probs(self, frames):
        """In the steps that a background keeps them in."""
        found = self._model.log_probs(frames)
        costs = np.minimum(found.max(1, keepdims=True) - found, 8)
        return np.rint(costs * 255 / 8).astype(np.float32) * np.float32(-8 / 255)


@pytest.mark.parametrize("text", TEXTS)
def test_peaks_are_those_of_a_stream_of_its_frames(spotter, babble_background, babble, text, monkeypatch):
    """The places that overlap the keyword where it is said are left out, and their time."""
    monkeypatch.setattr(frame_background, "FEWEST", 0)
    pcm, said = babble
    keyword = spotter.enrol(text, threshold=0)
    own = [(start, stop) for word, start, stop in said if word == text]
    assert bool(own) == (text in OTHERS)
    hearing = Spotter(Decoded(spotter.model, babble_background.codes))
    found = places(hearing, pcm, keyword)
    kept = [one for one in found if all(one[2] <= a or one[1] >= b for a, b in own)]
    assert (len(kept) < len(found)) == bool(own)
    expected = highest(kept, max(1.0, keyword.seconds))
    peaks, hours = spotter.background.peaks(keyword, -np.inf)
    assert hours * 3600 == pytest.approx(len(pcm) / RATE - sum(b - a for a, b in own))
    assert len(expected) > 10
    np.testing.assert_allclose(peaks[:12], expected[:12], atol=1e-3)
    # Paths whose score is the least that is judged are on either side of it: their costs are known in eight bits.
    assert sum(np.abs(peaks - score).min() > 1e-3 for score in expected) <= 2
    np.testing.assert_array_equal(spotter.background.peaks(keyword)[0], peaks)
    least = float(peaks[7])
    np.testing.assert_array_equal(spotter.background.peaks(keyword, least)[0], peaks[:8])


@pytest.mark.parametrize("text", OTHERS[:4])
def test_quantisation_costs_little(phoneme_sung_model, nothing_known, babble, text):
    """Of words that are said there, when that is not known."""
    spotter = Spotter(phoneme_sung_model, nothing_known)
    keyword = spotter.enrol(text, threshold=0)
    expected = highest(places(spotter, babble[0], keyword), max(1.0, keyword.seconds))
    peaks, _ = spotter.background.peaks(keyword)
    assert expected[4] > 1
    np.testing.assert_allclose(peaks[:5], expected[:5], atol=0.3)


def test_peaks_do_not_depend_on_how_the_search_is_cut(spotter, babble_background, monkeypatch):
    keywords = [spotter.enrol(text, threshold=0) for text in TEXTS]
    expected = [spotter.background.peaks(keyword, -np.inf)[0] for keyword in keywords]
    for stream, steps in ((60, 7), (333, 50), (100_000, 1000)):
        monkeypatch.setattr(frame_background, "STREAM", stream)
        monkeypatch.setattr(frame_background, "STEPS", steps)
        again = babble_background.of(spotter.model, spotter.cohort)
        for keyword, peaks in zip(keywords, expected, strict=True):
            np.testing.assert_allclose(again.peaks(keyword, -np.inf)[0], peaks, atol=1e-4)


def test_a_sound_may_begin_within_a_keyword(phoneme_sung_model):
    """A path has no frame before the first, though it lacks its first phoneme there."""
    pcm = np.concatenate([phoneme_sung_model.say("banana")[1440:], phoneme_sung_model.stream_of("meadow")[0]])
    spotter = Spotter(phoneme_sung_model)
    spotter.calibrate([pcm])
    keyword = spotter.enrol("banana", threshold=0)
    hearing = Spotter(Decoded(spotter.model, spotter.background.codes))
    found = places(hearing, pcm, keyword)
    assert [start for _, start, _ in found] == [0.0]
    assert spotter.background.peaks(keyword)[0][0] == pytest.approx(found[0][0], abs=1e-3)


def test_long_phrases_have_a_threshold_too(spotter, babble):
    """Of which a stream looks at hardly a place, or at none where the background is short."""
    short = Spotter(spotter.model)
    pcm, _ = spotter.model.stream_of(*["meadow", "tie"] * 10)
    short.calibrate([pcm])
    assert places(short, pcm, short.enrol("artificial intelligence", fa_per_hour=0.5)) == []
    for text in ("artificial intelligence", "an extraordinarily unlikely thing to say"):
        keyword = spotter.enrol(text, fa_per_hour=0.5)
        assert np.isfinite(keyword.threshold)
        assert keyword.threshold_source == "extrapolated"
        assert spotter.spot(babble[0]) == []
        pcm, _ = spotter.model.stream_of("tiger", text, "tiger")
        assert [hit.keyword for hit in spotter.spot(pcm)] == [text]
        spotter.forget(text)


@pytest.mark.parametrize("text", TEXTS)
def test_the_rate_of_a_threshold_is_that_which_it_was_asked_for(spotter, text):
    background = spotter.background
    hours = background.peaks(spotter.enrol(text, threshold=0))[1]
    for rate in (0.1, 5.0, 60.0, 200.0, 400.0):
        keyword = spotter.enrol(text, fa_per_hour=rate)
        assert keyword.threshold == pytest.approx(background.threshold(keyword, rate))
        told = background.false_alarms(keyword, keyword.threshold)
        if keyword.threshold_source == "counted":
            assert told == pytest.approx(int(rate * hours) / hours, rel=0.05)
        else:
            assert told == pytest.approx(rate)
    thresholds = [background.threshold(keyword, rate) for rate in (0.1, 5.0, 60.0, 200.0, 400.0)]
    assert thresholds == sorted(thresholds, reverse=True)


@pytest.mark.parametrize("rate", [200.0, 300.0])
@pytest.mark.parametrize("text", [*OTHERS[:2], "either"])
def test_the_rate_that_was_asked_for_is_heard(phoneme_sung_model, nothing_known, babble, rate, text):
    spotter = Spotter(phoneme_sung_model, nothing_known)
    keyword = spotter.enrol(text, fa_per_hour=rate)
    hits = spotter.spot(babble[0])
    asked = rate * len(babble[0]) / RATE / 3600
    assert keyword.threshold_source == "counted"
    assert 0.7 * asked - 1 <= len(hits) <= 1.3 * asked + 1


def test_of_more_places_the_likeliest_are_judged_first(spotter, babble_background, monkeypatch):
    keyword = spotter.enrol("either", threshold=0)
    whole = spotter.background.peaks(keyword, -np.inf)[0]
    monkeypatch.setattr(frame_background, "JUDGED", 20)
    monkeypatch.setattr(frame_background, "FEWEST", 0)
    again = babble_background.of(spotter.model, spotter.cohort)
    few = again.peaks(keyword)[0]
    assert 5 < len(few) <= 20 < len(whole)
    np.testing.assert_array_equal(again.peaks(keyword, -np.inf)[0], whole)
    hours = again.seconds / 3600
    for count in (len(few), len(whole) - 1):  # more than are known at first
        threshold = again.estimate(keyword, (count + 0.5) / hours).value
        assert threshold == pytest.approx((whole[count - 1] + whole[count]) / 2)
