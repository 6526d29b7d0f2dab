"""Backgrounds in files: saved, read, and refused where they are damaged."""

import dataclasses
import pickle

import numpy as np
import pytest

from kwskit.spotting.background_file import read_background
from kwskit.spotting.cohort import cohort_words
from kwskit.spotting.expected_duration import WINDOWS
from kwskit.spotting.peak_estimates import BackgroundError
from kwskit.spotting.spotter import Spotter

OTHERS = cohort_words(330)[300:]


def test_saved_and_read(background, sung_model, tmp_path):
    background.save(tmp_path / "background.npz")
    read = read_background(tmp_path / "background.npz")
    keyword = Spotter(sung_model, background).enrol(OTHERS[3], threshold=1)
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
