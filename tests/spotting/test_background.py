"""Thresholds for a rate of false alarms, counted again by listening."""

import dataclasses
import pickle

import numpy as np
import pytest
from scipy.spatial.distance import cosine

from kwskit.spotting.background_file import read_background
from kwskit.spotting.cohort import cohort_words
from kwskit.spotting.expected_duration import WINDOWS
from kwskit.spotting.peak_estimates import BackgroundError
from kwskit.spotting.said_words import SaidWords, pronunciations_of, spoken
from kwskit.spotting.spotter import Spotter
from kwskit.spotting.vector_codes import VectorCodes

RATE = 16_000
OTHERS = cohort_words(330)[300:]


@pytest.fixture(scope="module")
def sound(sung_model):
    """Two minutes of other words in random order: (samples,) int16, and (text, start, stop)."""
    rng = np.random.default_rng(0)
    return sung_model.stream_of(*rng.choice(OTHERS, 130).tolist(), pause=0.3)


@pytest.fixture(scope="module")
def background(sung_model, sound):
    return recorded(Spotter(sung_model), *sound)


def recorded(spotter, pcm, said):
    recorder = spotter.recorder()
    words = [[spoken(one) for one in pronunciations_of(text, spotter.model.tokenizer)] for text, _, _ in said]
    start, stop = (np.array([row[k] for row in said]) for k in (1, 2))
    recorder.record([pcm[:100_000], pcm[100_000:]], SaidWords(start, stop, words))
    return recorder.background()


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


def test_saved_and_read(background, spotter, tmp_path):
    background.save(tmp_path / "background.npz")
    read = read_background(tmp_path / "background.npz")
    keyword = spotter.enrol(OTHERS[3], threshold=1)
    np.testing.assert_array_equal(read.peaks(keyword)[0], background.peaks(keyword)[0])
    assert read.peaks(keyword)[1] == background.peaks(keyword)[1]
    assert (read.digest, read.streaming, read.seconds) == ("5019", False, background.seconds)
    assert [path.name for path in tmp_path.iterdir()] == ["background.npz"]


def test_the_windows_it_was_recorded_with_are_saved_and_checked(background, tmp_path):
    path = tmp_path / "background.npz"
    background.save(path)
    assert read_background(path).windows == WINDOWS
    with np.load(path) as arrays:
        assert arrays["windows"].tolist() == [0.3, 0.5, 0.8, 1.2, 1.8]
    other = (0.3, 0.5, 0.8, 1.2, 2.4)
    dataclasses.replace(background, windows=other).save(path)
    with pytest.raises(BackgroundError) as refused:
        read_background(path)
    assert str(refused.value) == (
        f"{path}: recorded with windows of 0.3, 0.5, 0.8, 1.2, 2.4 s, but spotting has those of 0.3, 0.5, 0.8, 1.2, "
        "1.8 s: record it again (kwskit calibrate MODEL RECORDINGS)"
    )


def damaged(path, how):
    whole = path.read_bytes()
    with np.load(path) as arrays:
        held = dict(arrays)
    if how == "cut":
        path.write_bytes(whole[: len(whole) // 2])
    elif how == "empty":
        path.write_bytes(b"")
    elif how == "noise":
        path.write_bytes(np.random.default_rng(0).bytes(5000))
    elif how == "flipped":
        middle = len(whole) // 2
        path.write_bytes(
            whole[:middle] + bytes(255 - one for one in whole[middle : middle + 50]) + whole[middle + 50 :]
        )
    elif how == "pickle":
        path.write_bytes(pickle.dumps(held))
    elif how == "objects":
        np.savez(path, **{**held, "said": np.array([{}, []], object)})
    elif how == "foreign":
        np.savez(path, x=np.ones(3))
    elif how == "version":
        np.savez(path, **{**held, "version": 99})
    elif how == "lacking":
        np.savez(path, **{name: array for name, array in held.items() if name != "axes"})
    elif how == "shapes":
        np.savez(path, **{**held, "start": held["start"][:-3]})
    elif how == "nan":
        np.savez(path, **{**held, "mean": held["mean"] * np.nan})
    elif how == "words":
        np.savez(path, **{**held, "said": held["said"][:-1]})
    elif how == "types":
        np.savez(path, **{**held, "codes": held["codes"].astype(np.float64)})


FILES = ("cut", "empty", "noise", "flipped", "pickle", "foreign")
ARRAYS = ("objects", "version", "lacking", "shapes", "nan", "words", "types")


@pytest.mark.parametrize("how", FILES + ARRAYS)
def test_damaged_files_are_told(background, tmp_path, how):
    path = tmp_path / "background.npz"
    background.save(path)
    damaged(path, how)
    with pytest.raises(BackgroundError, match=r"background\.npz: .*(damaged|record it again)"):
        read_background(path)


def test_no_file(tmp_path):
    with pytest.raises(BackgroundError, match=r"x\.npz: no such file"):
        read_background(tmp_path / "x.npz")


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
