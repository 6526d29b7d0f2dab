"""Backgrounds with phonemes as they are kept, and taken by a spotter; damaged ones, and those of other models."""

import dataclasses

import numpy as np
import pytest

from kwskit.spotting.adapted.head import AdaptedHead
from kwskit.spotting.background_file import read_background
from kwskit.spotting.peak_estimates import BackgroundError
from kwskit.spotting.phoneme_background import PhonemeBackground
from kwskit.spotting.spotter import Spotter
from kwskit.spotting.vector_codes import VectorCodes

RATE = 16_000
ANOTHER, OTHERWISE = "recorded with another model than sung", "sung was heard otherwise than spotting listens"
TEXTS = ("tiger", "either", "hey nova")


@pytest.fixture
def arrays():
    """Of two recordings, of 30 and 20 frames."""
    costs = np.random.default_rng(0).integers(0, 32, (50, 45), np.uint8)
    return PhonemeBackground(costs, np.array([0.0, 11.25]), np.array([0, 30]), 44, 0.04).arrays()


def test_saved_and_read(phoneme_sung_model, babble_background, others, tmp_path):
    path = tmp_path / "background.npz"
    babble_background.save(path)
    read = read_background(path)
    for name, array in babble_background.phonemes.arrays().items():
        np.testing.assert_array_equal(getattr(read.phonemes, name), array)
    assert (read.digest, read.streaming, read.seconds) == ("5020", True, babble_background.seconds)
    spotter, again = (Spotter(phoneme_sung_model, each) for each in (babble_background, read))
    for text in (*TEXTS, others[3]):
        one, other = (each.enrol(text, fa_per_hour=2.0) for each in (spotter, again))
        assert one.threshold == other.threshold
    assert [each.name for each in tmp_path.iterdir()] == ["background.npz"]
    whole = path.stat().st_size
    dataclasses.replace(babble_background, phonemes=None).save(path)
    assert path.stat().st_size < whole < path.stat().st_size + 0.5 * babble_background.phonemes.costs.nbytes


def test_arrays_are_those_of_it(arrays):
    found = PhonemeBackground.of({name: np.array(array) for name, array in arrays.items()})
    assert (found.blank, found.frame) == (44, 0.04)
    assert found.begin.tolist() == [0.0, 11.25]
    assert found.first.tolist() == [0, 30]
    np.testing.assert_array_equal(found.costs, arrays["costs"])
    assert PhonemeBackground.of({"codes": np.zeros(3)}) is None


@pytest.mark.parametrize(
    "changed",
    [
        {"costs": np.zeros((50, 45), np.int64)},
        {"costs": np.zeros(50, np.uint8)},
        {"costs": np.zeros((29, 45), np.uint8)},
        {"costs": np.zeros((50, 44), np.uint8)},
        {"begin": np.zeros(1)},
        {"begin": np.array([11.25, 0.0])},
        {"begin": np.array([0.0, 0.0])},
        {"begin": np.array([0.0, np.nan])},
        {"begin": np.array([np.nan]), "first": np.array([0])},
        {"begin": np.array([0.0, np.inf])},
        {"begin": np.zeros(0), "first": np.zeros(0, np.int64)},
        {"first": np.array([1, 30])},
        {"first": np.array([0, 51])},
        {"first": np.array([0, -1])},
        {"first": np.array([0.0, np.nan])},
        {"first": np.array([[0], [30]])},
        {"blank": np.array(-1)},
        {"blank": np.array(45)},
        {"blank": np.array("x")},
        *({"frame": np.array(frame)} for frame in (0.0, -0.04, np.nan, np.inf, "x")),
    ],
)
def test_damaged_arrays_are_refused(arrays, changed):
    with pytest.raises(ValueError, match=r"do not fit together|could not convert|invalid literal"):
        PhonemeBackground.of({name: np.array(array) for name, array in (arrays | changed).items()})


@pytest.mark.parametrize("name", ["begin", "first", "blank", "frame"])
def test_what_lacks_an_array_is_refused(arrays, name):
    with pytest.raises(KeyError):
        PhonemeBackground.of({other: np.array(array) for other, array in arrays.items() if other != name})


def test_the_background_of_another_model_is_refused(phoneme_sung_model, streaming_sung_model, babble_background):
    narrow = VectorCodes.of([np.zeros((len(babble_background.codes), 40), np.float16)])
    for other in (
        dataclasses.replace(babble_background, digest="other"),
        dataclasses.replace(babble_background, codes=narrow),
        babble_background.with_digest("5021"),
    ):
        with pytest.raises(BackgroundError, match=ANOTHER):
            Spotter(phoneme_sung_model, other)
    with pytest.raises(BackgroundError, match=ANOTHER):
        Spotter(streaming_sung_model, babble_background)


def test_phonemes_go_with_a_model_that_hears_them(phoneme_sung_model, streaming_sung_model, babble_background):
    without = dataclasses.replace(babble_background, phonemes=None)
    with pytest.raises(BackgroundError, match=OTHERWISE):
        Spotter(phoneme_sung_model, without)
    assert Spotter(streaming_sung_model, without.with_digest("5019")).background.phonemes is None
    with pytest.raises(BackgroundError, match=OTHERWISE):
        Spotter(streaming_sung_model, babble_background.with_digest("5019"))


@pytest.mark.parametrize("changed", [{"frame": 0.02}, {"frame": 1e-9}, {"blank": 3}, {"costs": slice(-1)}])
def test_phonemes_are_those_of_the_model(phoneme_sung_model, babble_background, changed):
    """Other frames, another blank and fewer symbols are damage that digests do not show."""
    phonemes = babble_background.phonemes
    if "costs" in changed:
        changed = {"costs": phonemes.costs[:, 1:], "blank": 43}
    other = dataclasses.replace(babble_background, phonemes=dataclasses.replace(phonemes, **changed))
    with pytest.raises(BackgroundError):
        Spotter(phoneme_sung_model, other)


def test_a_background_that_was_heard_otherwise_is_told(phoneme_sung_model, babble_background, babble, caplog):
    windows = Spotter(phoneme_sung_model, streaming=False).calibrate([babble[0][: 30 * RATE]])
    assert windows.phonemes is None
    caplog.clear()
    Spotter(phoneme_sung_model, babble_background)
    assert not caplog.records
    Spotter(phoneme_sung_model, windows)
    assert "was heard in windows, but spotting listens as a stream: thresholds may be off" in caplog.text
    caplog.clear()
    Spotter(phoneme_sung_model, babble_background, streaming=False)
    assert "was heard as a stream, but spotting listens in windows: thresholds may be off" in caplog.text


@pytest.mark.parametrize("text", TEXTS)
def test_thresholds_of_what_hears_no_phonemes_are_without_them(phoneme_sung_model, babble_background, text):
    keyword = Spotter(phoneme_sung_model, babble_background, streaming=False).enrol(text, fa_per_hour=60)
    without = dataclasses.replace(babble_background, phonemes=None)
    assert keyword.threshold == pytest.approx(max(without.threshold(keyword, 60), keyword.least))


def test_long_phrases_have_a_threshold_too(phoneme_sung_model, babble_background, babble):
    spotter = Spotter(phoneme_sung_model, babble_background)
    for text in ("artificial intelligence", "an extraordinarily unlikely thing to say"):
        keyword = spotter.enrol(text, fa_per_hour=0.5)
        assert np.isfinite(keyword.threshold)
        assert keyword.threshold_source == "extrapolated"
        assert spotter.spot(babble[0]) == []
        pcm, _ = spotter.model.stream_of("tiger", text, "tiger")
        assert {hit.keyword for hit in spotter.spot(pcm)} == {text}
        spotter.forget(text)


def test_calibrating_sets_thresholds_anew(phoneme_sung_model, babble):
    spotter = Spotter(phoneme_sung_model)
    before = spotter.enrol("tiger", fa_per_hour=30.0)
    given = spotter.enrol("banana", threshold=7.0)
    assert before.threshold_source == "gaussian"
    pcm, _ = babble
    found = spotter.calibrate([pcm[:800_000], pcm[800_000:].astype(np.float32) / 32768])
    assert spotter.background is found
    assert found.phonemes.begin.tolist() == [0.0, 60.0]
    assert spotter.keywords["banana"] == given
    now = spotter.keywords["tiger"]
    assert (now.threshold_source, now.fa_per_hour) == ("extrapolated", 30.0)
    assert now.threshold == pytest.approx(found.threshold(now, 30.0))
    with pytest.raises(BackgroundError, match="nothing was heard"):
        spotter.calibrate([])


def test_phonemes_are_added_to_what_a_head_makes_of_a_window(phoneme_sung_model, babble_background):
    """A head that raises all scores alike, as far as it can, raises all peaks by that."""
    keyword = Spotter(phoneme_sung_model, babble_background).enrol("tiger", threshold=0)
    peaks, (dim, reach) = babble_background.peaks(keyword)[0], (phoneme_sung_model.dim, 4.0)
    unmoved = AdaptedHead.unmoved(dim)
    constant = AdaptedHead(np.zeros((dim + 1, 1), np.float32), np.ones(1, np.float32), np.full(1, 99, np.float32))
    for head, raised in ((unmoved, 0.0), (constant, reach)):
        found = babble_background.peaks(dataclasses.replace(keyword, head=head))[0]
        np.testing.assert_allclose(found, peaks + raised, atol=1e-3)
