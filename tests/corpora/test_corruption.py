"""Corrupted copies: their SNR, what they are drawn from, and that a seed repeats them."""

import csv

import numpy as np
import pyarrow as pa
import pytest
import scipy.signal
import soundfile

from kwskit.corpora.corruption import Corruption, corrupted_copy
from kwskit.corpora.findings import Findings
from kwskit.errors import CorpusError

RATE = 16_000


@pytest.fixture(scope="module")
def corpora(tmp_path_factory):
    """MUSAN and RIRS_NOISES in their layouts, some files of each."""
    folder = tmp_path_factory.mktemp("noise")
    rng = np.random.default_rng(0)
    for name in ("noise/free-sound/noise-free-sound-0000", "music/fma/music-fma-0000", "speech/librivox/speech-0000"):
        path = folder / f"musan/{name}.wav"
        path.parent.mkdir(parents=True)
        soundfile.write(path, 0.1 * rng.standard_normal(3 * RATE), RATE)
    room = folder / "RIRS_NOISES/simulated_rirs/smallroom"
    (room / "Room001").mkdir(parents=True)
    response = np.zeros(4000)
    response[[100, 900]] = 0.8, 0.4
    soundfile.write(room / "Room001/Room001-00001.wav", response, RATE, subtype="FLOAT")
    name = "RIRS_NOISES/simulated_rirs/smallroom/Room001/Room001-00001.wav"
    (room / "rir_list").write_text(f"--rir-id small-Room001-00001 --room-id small-Room001 {name}\n")
    return folder


@pytest.fixture(autouse=True)
def few_rooms(monkeypatch):
    monkeypatch.setattr("kwskit.corpora.corruption.ROOMS", 16)


@pytest.fixture
def wav():
    return (0.2 * np.sin(np.arange(RATE) / 9)).astype(np.float32)


def test_the_snr_is_the_one_that_is_told(corpora, wav):
    corruption = Corruption(5, corpora / "musan", corpora)
    wet = scipy.signal.lfilter([0.8] + [0] * 799 + [0.4], 1, wav) / np.hypot(0.8, 0.4)
    kinds = set()
    for number in range(40):
        heard, draw = corruption.corrupt(wav, f"u{number}")
        kinds.add(draw.kind)
        low, high = {"noise": (0, 15), "music": (5, 15), "babble": (13, 20)}[draw.kind]
        assert low <= draw.snr_db <= high
        gain = np.dot(heard, wet) / np.dot(wet, wet)  # what avoiding of clipping left
        snr = np.mean(np.square(gain * wet)) / np.mean(np.square(heard - gain * wet))
        assert 10 * np.log10(snr) == pytest.approx(draw.snr_db, abs=0.3)
        assert 3 <= len(draw.noise.split("+")) <= 7 or draw.kind != "babble"
        assert np.abs(heard).max() <= 0.99
    assert kinds == {"noise", "music", "babble"}
    assert corruption.facts["rooms"] == "RIRS_NOISES"
    assert corruption.facts["noise"] == "MUSAN"


def test_without_corpora_rooms_and_noise_are_made_and_it_is_told(wav):
    one, other = Corruption(1), Corruption(2)
    assert (one.facts["rooms"], one.facts["noise"]) == ("simulated", "synthetic")
    np.testing.assert_array_equal(one.corrupt(wav, "a")[0], Corruption(1).corrupt(wav, "a")[0])
    assert one.corrupt(wav, "a")[1] != one.corrupt(wav, "b")[1]
    assert one.corrupt(wav, "a")[1] != other.corrupt(wav, "a")[1]
    silent, _ = one.corrupt(np.zeros(500, np.float32), "a")
    assert not silent.any()


def test_a_copy_keeps_what_is_there_and_notes_what_cannot_be_read(tmp_path, wav):
    soundfile.write(tmp_path / "a.wav", np.tile(wav, 2), RATE)
    (tmp_path / "bad.wav").write_bytes(b"no audio")
    names = ("utt_id", "path", "start", "stop", "word", "speaker", "split")
    rows = [("a_0", "a.wav", 0.25, 0.75, "tiger", "s", "t"), ("b_0", "bad.wav", 0.0, 1.0, "lemon", "s", "t")]
    rows.append(("a_1", "a.wav", 1.0, 2.0, "lemon", "s", "t"))
    table = pa.table({name: list(column) for name, column in zip(names, zip(*rows, strict=True), strict=True)})
    table = table.set_column(1, "path", pa.array([str(tmp_path / path) for path in table["path"].to_pylist()]))
    findings = Findings()
    copy = corrupted_copy(table, Corruption(3), tmp_path, findings, jobs=2)
    assert copy["utt_id"].to_pylist() == ["a_0", "a_1"]
    assert copy["stop"].to_pylist() == [0.5, 1.0]
    assert findings.counts == {"segments that cannot be read": 1}
    paths = [tmp_path / path for path in copy["path"].to_pylist()]
    heard, _ = Corruption(3).corrupt(np.tile(wav, 2)[4000:12000], "a_0")
    np.testing.assert_allclose(soundfile.read(paths[0])[0], heard, atol=1e-3)
    with (paths[0].parent / "draws.tsv").open() as file:
        assert [draw["utt_id"] for draw in csv.DictReader(file, delimiter="\t")] == ["a_0", "a_1"]
    before = [path.stat().st_mtime_ns for path in paths]
    assert corrupted_copy(table, Corruption(3), tmp_path, Findings()) == copy
    assert [path.stat().st_mtime_ns for path in paths] == before
    assert corrupted_copy(table, Corruption(4), tmp_path, Findings())["path"] != copy["path"]


def test_folders_of_the_wrong_level_are_refused(corpora, tmp_path):
    with pytest.raises(CorpusError, match="no musan: expected the folders noise, music, speech"):
        Corruption(1, tmp_path)
    for name in ("noise", "music", "speech"):
        (tmp_path / name).mkdir()
    with pytest.raises(CorpusError, match="noise: holds no audio"):
        Corruption(1, tmp_path)
    with pytest.raises(CorpusError, match="no RIRS_NOISES"):
        Corruption(1, None, tmp_path)
    assert Corruption(1, corpora, corpora / "RIRS_NOISES").facts["noise"] == "MUSAN"
