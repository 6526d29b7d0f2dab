"""Backgrounds of frames as they are recorded, kept and taken."""

import dataclasses

import numpy as np
import pytest

from kwskit.spotting.background_file import read_background
from kwskit.spotting.frame_background import FrameBackground
from kwskit.spotting.peak_estimates import BackgroundError
from kwskit.spotting.said_words import SaidWords
from kwskit.spotting.spotter import Spotter
from kwskit.spotting.vector_codes import VectorCodes

RATE, FRAME = 16_000, 0.04


def test_it_holds_the_frames_of_the_sound(phoneme_sung_model, babble, babble_background):
    pcm, _ = babble
    assert babble_background.seconds == len(pcm) / RATE
    assert (babble_background.frame, babble_background.digest) == (FRAME, phoneme_sung_model.digest)
    frames = phoneme_sung_model.features(pcm)
    assert len(babble_background.codes) == len(frames)
    away = np.square(babble_background.codes.vectors(slice(None)) - frames).sum()
    assert away < 0.1 * np.square(frames - frames.mean(0)).sum()


def test_recordings_follow_each_other(phoneme_sung_model, babble):
    pcm, _ = babble
    spotter = Spotter(phoneme_sung_model)
    recorder, words, at = spotter.recorder(), SaidWords(np.array([1.0]), np.array([1.5]), [["T AY G ER"]]), 0.0
    for size in (50_000, 30_001, 0, 64_000):
        recorder.record([pcm[:size]], words)
        at += np.ceil(size // 640) * FRAME
    found = recorder.background()
    assert found.seconds == 144_001 / RATE
    assert len(found.codes) == round(at / FRAME)
    counts = np.cumsum([0, 50_000 // 640, 30_001 // 640, 0])
    np.testing.assert_allclose(found.said.start, counts * FRAME + 1)
    np.testing.assert_allclose(found.said.stop, counts * FRAME + 1.5)
    with pytest.raises(BackgroundError, match="nothing was heard"):
        spotter.recorder().background()


def test_saved_and_read(phoneme_sung_model, babble_background, others, tmp_path):
    babble_background.save(tmp_path / "background.npz")
    read = read_background(tmp_path / "background.npz")
    assert isinstance(read, FrameBackground)
    assert (read.digest, read.streaming, read.seconds) == ("5020", True, babble_background.seconds)
    spotter, again = (Spotter(phoneme_sung_model, each) for each in (babble_background, read))
    for text in ("tiger", others[3], "hey nova"):
        one, other = (each.enrol(text, fa_per_hour=2.0) for each in (spotter, again))
        assert one.threshold == other.threshold
    assert [path.name for path in tmp_path.iterdir()] == ["background.npz"]
    size = (tmp_path / "background.npz").stat().st_size
    codes = babble_background.codes
    assert size < sum(array.nbytes for array in codes.arrays().values()) + 20_000


def test_the_background_of_another_model_is_refused(phoneme_sung_model, streaming_sung_model, babble_background):
    for other in (
        dataclasses.replace(babble_background, digest="other"),
        dataclasses.replace(babble_background, codes=VectorCodes.of([np.zeros((9, 40), np.float16)])),
    ):
        with pytest.raises(BackgroundError, match="recorded with another model than sung"):
            Spotter(phoneme_sung_model, other)
    with pytest.raises(BackgroundError, match="recorded with another model than sung"):
        Spotter(streaming_sung_model, babble_background)
    renamed = babble_background.with_digest("5021")
    with pytest.raises(BackgroundError, match="another model"):
        Spotter(phoneme_sung_model, renamed)
    with pytest.raises(BackgroundError, match="needs its model"):
        babble_background.peaks(Spotter(phoneme_sung_model).enrol("tiger", threshold=0))


def test_a_background_that_was_heard_otherwise_is_told(phoneme_sung_model, babble_background, babble, caplog):
    windows = Spotter(phoneme_sung_model, streaming=False).calibrate([babble[0][: 30 * RATE]])
    caplog.clear()
    Spotter(phoneme_sung_model, babble_background)
    assert not caplog.records
    Spotter(phoneme_sung_model, dataclasses.replace(windows, streaming=True))
    assert "was heard otherwise than spotting listens: thresholds are off; record it again" in caplog.text
    caplog.clear()
    Spotter(phoneme_sung_model, babble_background, streaming=False)
    assert "was heard as a stream, but spotting listens in windows" in caplog.text


def test_calibrating_sets_thresholds_anew(phoneme_sung_model, babble):
    spotter = Spotter(phoneme_sung_model)
    before = spotter.enrol("tiger", fa_per_hour=30.0)
    given = spotter.enrol("banana", threshold=7.0)
    assert before.threshold_source == "gaussian"
    pcm, _ = babble
    found = spotter.calibrate([pcm[:800_000], pcm[800_000:].astype(np.float32) / 32768])
    assert isinstance(found, FrameBackground)
    assert spotter.keywords["banana"] == given
    now = spotter.keywords["tiger"]
    assert (now.threshold_source, now.fa_per_hour) == ("extrapolated", 30.0)
    assert spotter.background is found
    assert now.threshold == pytest.approx(found.threshold(now, 30.0))
    with pytest.raises(BackgroundError, match="nothing was heard"):
        spotter.calibrate([])
