"""Backgrounds of strangers, and damaged ones: refused in a line that names the file, in little memory."""

import io
import os
import random
import zipfile

import numpy as np
import pytest

from kwskit.spotting.background import Background
from kwskit.spotting.background_file import read_background
from kwskit.spotting.peak_estimates import BackgroundError
from kwskit.spotting.phoneme_background import PhonemeBackground
from kwskit.spotting.said_words import SaidWords
from kwskit.spotting.spotter import Spotter
from kwskit.spotting.vector_codes import VectorCodes

ROUNDS = int(os.environ.get("KWSKIT_FUZZ", "1"))
WINDOWS, SIZE = 20, 44
STRANGE = (
    *(np.zeros(0), np.zeros((2, 2)), np.array(3), np.array("x"), np.array([np.nan] * WINDOWS), np.array(None)),
    *(np.zeros(WINDOWS, complex), np.array([b"x"]), np.array(np.datetime64("now")), np.zeros(WINDOWS, [("a", int)])),
)


def saved(path, digest, windows, phonemes, size, said):
    """Arrays of a background of windows 0.5 s long, half a second apart, with phonemes or without."""
    rng = np.random.default_rng(0)
    start, ones = np.arange(windows) / 2, np.ones(windows, np.float16)
    codes, heard = VectorCodes.of([rng.normal(size=(windows, size))]), None
    if phonemes:
        costs = rng.integers(0, 32, (windows * 25 // 2, size + 1), np.uint8)
        heard = PhonemeBackground(costs, np.array([0.0, 2.0]), np.array([0, 50]), size, 0.04)
    seconds = windows / 2
    Background(digest, True, seconds, start, start + 0.5, codes, 0 * ones, ones, said, 0.04, heard).save(path)
    with np.load(path) as found:
        return {name: found[name] for name in found.files}


@pytest.fixture(params=[False, True], ids=["windows", "phonemes"])
def arrays(request, tmp_path):
    said = SaidWords(np.array([1.0]), np.array([2.0]), [["T AY G ER"]])
    return saved(tmp_path / "a.npz", "abc", WINDOWS, request.param, 8, said)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "b.npz"


def zipped(arrays, compression=zipfile.ZIP_STORED, **other):
    """An archive of ``arrays``, with other bytes in the place of some."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as archive:
        for name, array in arrays.items():
            one = io.BytesIO()
            np.save(one, array)
            archive.writestr(f"{name}.npy", other.pop(name, one.getvalue()))
        for name, data in other.items():
            archive.writestr(f"{name}.npy", data)
    return file.getvalue()


def reads(path, data):
    """Whether ``data`` is a background, the only alternative being a message of one line that names the file."""
    path.write_bytes(data)
    try:
        read_background(path)
    except BackgroundError as error:
        result = str(error)
        assert result.startswith(str(path))
        assert "\n" not in result
        assert len(result) < len(str(path)) + 400
        return False
    return True


def test_damage_of_any_kind(arrays, path):
    rng = random.Random(1)
    outcomes = []
    for compression in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA):
        whole = zipped(arrays, compression)
        assert reads(path, whole)
        for _ in range(100 * ROUNDS):
            damaged = bytearray(whole[: rng.choice((len(whole), len(whole), rng.randrange(len(whole))))])
            for _ in range(rng.choice((1, 2, 8))):
                if damaged:
                    damaged[rng.randrange(len(damaged))] = rng.randrange(256)
            outcomes.append(reads(path, bytes(damaged)))
    assert not all(outcomes)


def test_other_arrays_in_the_place_of_its_own(arrays, path):
    for name in arrays:
        for strange in STRANGE:
            if strange.dtype != object:
                reads(path, zipped(arrays | {name: strange}))
        lacking = zipped({other: array for other, array in arrays.items() if other != name})
        assert reads(path, lacking) == (name == "costs")  # then it is one without phonemes
        assert not reads(path, zipped(arrays, **{name: b"no array"}))


@pytest.mark.parametrize("name", ["costs", "begin", "first", "blank", "frame"])
def test_phonemes_that_are_read_are_of_use_or_of_another_model(phoneme_sung_model, tmp_path, path, name):
    assert phoneme_sung_model.dim == SIZE
    whole = saved(tmp_path / "a.npz", "5020", 20 * WINDOWS, True, SIZE, SaidWords.join([]))
    numbers = map(np.array, (0.0, -1.0, 1e-12, 1e300, np.nan, np.inf, 7, 44, 2**40))
    parts = [whole[name][at] for at in (..., slice(0), slice(1), slice(-1), (..., slice(0))) if whole[name].ndim]
    for strange in (*STRANGE, *numbers, *parts):
        if strange.dtype == object or not reads(path, zipped(whole | {name: strange})):
            continue
        try:
            spotter = Spotter(phoneme_sung_model, read_background(path))
        except BackgroundError:
            continue
        assert np.isfinite(spotter.enrol("tiger", fa_per_hour=1).threshold)


def test_objects_are_not_unpickled(arrays, path, tmp_path):
    class Code:
        def __reduce__(self):
            return (tmp_path.joinpath("ran").touch, ())

    file = io.BytesIO()
    np.save(file, np.array([Code()], dtype=object), allow_pickle=True)
    assert not reads(path, zipped(arrays, said_start=file.getvalue()))
    assert not (tmp_path / "ran").exists()


def test_an_archive_that_announces_too_much_is_not_unpacked(arrays, path, monkeypatch):
    huge = io.BytesIO()
    np.lib.format.write_array_header_1_0(huge, {"descr": "<f8", "fortran_order": False, "shape": (2**50,)})
    assert not reads(path, zipped(arrays, said_start=huge.getvalue()))
    monkeypatch.setattr("kwskit.spotting.background_file.LARGEST", 100_000)
    path.write_bytes(zipped(arrays, zipfile.ZIP_DEFLATED, bomb=bytes(1_000_000)))
    with pytest.raises(BackgroundError, match=r"b\.npz: .*announces 1,0.* bytes; 100,000 are the most"):
        read_background(path)


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir, lambda path: path.symlink_to("/dev/zero")])
def test_what_is_no_file_is_not_waited_for(path, make):
    make(path)
    with pytest.raises(BackgroundError, match=r"b\.npz: no such file"):
        read_background(path)
