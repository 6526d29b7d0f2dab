"""Thresholds for a rate of false alarms, counted again by listening."""

import dataclasses

import numpy as np
import pytest
from scipy.spatial.distance import cosine

from kwskit.spotting.cohort import cohort_words
from kwskit.spotting.expected_duration import WINDOWS
from kwskit.spotting.peak_estimates import BackgroundError
from kwskit.spotting.said_words import SaidWords
from kwskit.spotting.spotter import Spotter
from kwskit.spotting.vector_codes import VectorCodes

RATE = 16_000
OTHERS = cohort_words(330)[300:]


@pytest.fixture
def spotter(sung_model, background):
    return Spotter(sung_model, background)


def test_a_background_holds_the_windows_of_all_lengths(sung_model, sound, background):
    pcm, _ = sound
    assert background.seconds == len(pcm) / RATE
    for seconds in WINDOWS:
        mine = np.isclose(background.stop - background.start, seconds)
        assert mine.sum() == pytest.approx((len(pcm) / RATE - seconds) / 0.06, abs=2)
        row = int(np.flatnonzero(mine)[7])
        size, start = round(seconds * RATE), round(background.start[row] * RATE)
        heard = sung_model.embed_windows(pcm[None, start : start + size])[0]
        assert 1 - cosine(background.codes.vectors(np.array([row]))[0], heard) > 0.95
        rows = [
            [sung_model.embed_tokens([ids])[0] for ids in sung_model.tokenizer.encode(w)] for w in cohort_words(300)
        ]
        others = [max(float(one @ heard) for one in found) for found in rows]
        assert (background.mean[row], background.deviation[row]) == pytest.approx(
            (np.mean(others), np.std(others)), 1e-3
        )


@pytest.mark.parametrize("text", ["tiger", OTHERS[3]])
def test_peaks_by_a_loop(spotter, background, sound, text):
    """Scores of the stream, less the windows that overlap the keyword where it is said; then the highest, and so on."""
    pcm, said = sound
    keyword = spotter.enrol(text, threshold=3)
    own = [(start, stop) for word, start, stop in said if word == text]
    assert bool(own) == (text != "tiger")
    stream, windows = spotter.listen(), []
    for part in (pcm, None):
        stream.finish() if part is None else stream.push(part)
        windows += [
            (score, start, stop)
            for score, start, stop in zip(stream.scores[1][:, 0].tolist(), *map(list, stream.windows), strict=True)
            if all(stop <= a or start >= b for a, b in own)
        ]
    cosine = (background.codes.vectors(slice(None)) @ keyword.embeddings.T).max(1)
    scores = (cosine - background.mean.astype(np.float32)) / background.deviation.astype(np.float32)
    centres = (background.start + background.stop) / 2
    lengths = [np.isclose(background.stop - background.start, seconds) for seconds in keyword.windows]

    def stored(place):
        near = [scores[own & (np.abs(centres - place) < 0.0801)] for own in lengths]
        return float(np.mean([own.mean() for own in near if len(own)]))

    kept = [(stored((start + stop) / 2), start, stop) for _, start, stop in windows]
    away = np.array([one[0] - heard[0] for one, heard in zip(kept, windows, strict=True)])
    assert np.abs(away).mean() < 0.03
    assert abs(away.mean()) < 0.01
    expected = []
    for score, start, stop in sorted(kept, reverse=True):
        if all(abs(start + stop - one[1] - one[2]) / 2 >= 1.0 for one in expected):
            expected.append((score, start, stop))
        if len(expected) == 30:
            break
    peaks, hours = background.peaks(keyword)
    assert hours * 3600 == pytest.approx(len(pcm) / RATE - sum(b - a for a, b in own))
    assert (np.diff(peaks) <= 0).all()
    np.testing.assert_allclose(peaks[:30], [score for score, _, _ in expected], atol=1e-4)
    least = float(peaks[11])
    np.testing.assert_array_equal(background.peaks(keyword, least)[0], peaks[:12])
    assert background.false_alarms(keyword, least) == pytest.approx(12 / hours)


@pytest.mark.parametrize("rate", [330.0, 450.0, 600.0])
@pytest.mark.parametrize("text", ["tiger", "umbrella", "banana"])
def test_the_rate_that_was_asked_for_is_heard(spotter, background, sound, rate, text):
    pcm, _ = sound
    keyword = spotter.enrol(text, fa_per_hour=rate)
    assert (keyword.threshold_source, keyword.fa_per_hour) == ("counted", rate)
    hours = len(pcm) / RATE / 3600
    peaks = background.peaks(keyword, keyword.threshold)[0]
    assert (peaks > keyword.threshold).sum() <= int(rate * hours) <= len(peaks)
    # A word that is sung twice scores alike, but for the codes of its embedding there: such ties fall on either
    # side. Peaks are picked knowing what follows, hits are told before: where they are this dense, a few differ.
    few, many = (len(background.peaks(keyword, keyword.threshold + margin)[0]) for margin in (0.05, -0.05))
    assert 0.85 * few <= len(spotter.spot(pcm)) <= 1.15 * many


def test_rarer_alarms_are_extrapolated(spotter, sound, background):
    found = [spotter.enrol("tiger", fa_per_hour=rate) for rate in (100.0, 5.0, 0.5)]
    assert {keyword.threshold_source for keyword in found} == {"extrapolated"}
    thresholds = [keyword.threshold for keyword in found]
    assert thresholds == sorted(thresholds)
    assert thresholds[-1] > background.peaks(found[0])[0][0]
    assert background.false_alarms(found[-1], thresholds[-1]) == pytest.approx(0.5)
    assert spotter.spot(sound[0]) == []


def test_words_that_sound_alike_are_left_out_and_phrases_word_by_word(sung_model):
    words = [["HH EY"], ["N OW V AH", "N AO V AH"], ["HH EY"], []]
    said = SaidWords(np.arange(4.0), np.arange(4.0) + 0.5, words)
    spotter = Spotter(sung_model)
    assert said.times(spotter.enrol("hey nova", threshold=1)) == [(0.0, 1.5)]
    assert said.times(spotter.enrol("hay", threshold=1)) == [(0.0, 0.5), (2.0, 2.5)]
    assert said.times(spotter.enrol("nova hey", threshold=1)) == [(1.0, 2.5)]
    assert said.times(spotter.enrol("over", threshold=1)) == []
    assert said.times(spotter.enrol(examples=[sung_model.say("hey")], name="hey", threshold=1)) == []


def test_the_background_of_another_model_is_refused(sung_model, streaming_sung_model, background, caplog):
    with pytest.raises(BackgroundError, match="recorded with another model than sung"):
        Spotter(sung_model, dataclasses.replace(background, digest="other"))
    narrow = VectorCodes.of([np.zeros((len(background.codes), 7), np.float16)])
    with pytest.raises(BackgroundError, match="another model"):
        Spotter(sung_model, dataclasses.replace(background, codes=narrow))
    assert "thresholds may be off" not in caplog.text
    Spotter(streaming_sung_model, background)
    assert "was heard in windows, but spotting listens as a stream: thresholds may be off" in caplog.text


@pytest.mark.parametrize("name", ["sung_model", "streaming_sung_model"])
def test_calibrating_sets_thresholds_anew(request, sound, name):
    spotter = Spotter(request.getfixturevalue(name))
    before = spotter.enrol("tiger", fa_per_hour=30.0)
    given = spotter.enrol("banana", threshold=7.0)
    assert before.threshold_source == "gaussian"
    pcm, _ = sound
    found = spotter.calibrate([pcm[:800_000], pcm[800_000:].astype(np.float32) / 32768])
    assert spotter.background is found
    assert found.streaming == spotter.streaming
    assert found.seconds == pytest.approx(len(pcm) / RATE)
    assert spotter.keywords["banana"] == given
    now = spotter.keywords["tiger"]
    assert (now.threshold_source, now.fa_per_hour) == ("extrapolated", 30.0)
    assert now.threshold == pytest.approx(found.threshold(now, 30.0))
    # The recordings lie apart, so that no peak of one hides one of the other.
    assert found.start[found.start > 50].min() > 59
    with pytest.raises(BackgroundError, match="nothing was heard"):
        spotter.calibrate([])
