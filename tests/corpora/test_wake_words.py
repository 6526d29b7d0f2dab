"""Wake word benchmarks: their folders, the time line, the mixing, and folders with something wrong."""

import shutil
from pathlib import Path

import numpy as np
import pytest
import soundfile

from kwskit.corpora.findings import Findings
from kwskit.corpora.preparation import Preparation
from kwskit.corpora.wake_words.benchmark import background_files, decoded, keyword_files, noise_files
from kwskit.corpora.wake_words.preparation import STREAMS, WakeWordSettings, prepare_wake_words
from kwskit.data.records import read_records
from kwskit.errors import CorpusError
from tests.corpora.wake_sounds import RATE, write


@pytest.fixture
def folders(tmp_path):
    """Keywords as the benchmark has them, LibriSpeech's and DEMAND's layouts."""
    for number, name in enumerate(("alexa/0.flac", "alexa/1.flac", "smart mirror/0f3a.wav", "view glass/8c.wav")):
        write(tmp_path / "wake-word-benchmark/audio" / name, 0.5, number)
    for chapter, stem, seconds in ((1089, "0000", 2), (1089, "0001", 3), (1188, "0000", 1)):
        write(tmp_path / f"test-clean/{chapter}/134686/{chapter}-134686-{stem}.flac", seconds, seconds)
    said = "1089-134686-0000 HE HOPED THERE WOULD BE STEW\n1089-134686-0001 IN A SMART MIRROR ON THE WALL\n"
    (tmp_path / "test-clean/1089/134686/1089-134686.trans.txt").write_text(said)
    (tmp_path / "test-clean/1188/134686/1188-134686.trans.txt").write_text("1188-134686-0000 SMART MIRRORS\n")
    for place in ("DKITCHEN", "TBUS"):
        for channel in (1, 2):
            write(tmp_path / f"demand/{place}/ch{channel:02d}.wav", 4, channel, level=0.7)
    return tmp_path


@pytest.mark.parametrize("given", [".", "wake-word-benchmark", "wake-word-benchmark/audio"])
def test_keywords_are_folders(folders, given):
    found = keyword_files(folders / given)
    assert {word: len(files) for word, files in found.items()} == {"alexa": 2, "smart mirror": 1, "view glass": 1}


def test_any_folders_of_keywords_do(tmp_path):
    for name in ("hey-computer/1.ogg", "hey_computer/2.wav", "Android/a.flac", "_other/x.wav", ".git/y.wav"):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).touch()
    (tmp_path / "empty").mkdir()
    (tmp_path / "notes.txt").touch()
    found = keyword_files(tmp_path)
    assert {word: [f.name for f in files] for word, files in found.items()} == {
        "android": ["a.flac"],
        "hey computer": ["1.ogg", "2.wav"],
    }


def test_a_folder_without_keywords_is_told(folders, tmp_path, monkeypatch):
    shutil.rmtree(folders / "demand/TBUS")
    shutil.rmtree(folders / "demand/DKITCHEN")
    with pytest.raises(CorpusError, match="demand has no folder of recordings"):
        keyword_files(folders / "demand")
    with pytest.raises(CorpusError, match="holds recordings itself: name the folder above"):
        keyword_files(folders / "wake-word-benchmark/audio/alexa")
    with pytest.raises(CorpusError, match="no such folder"):
        keyword_files(tmp_path / "elsewhere")

    def refuse(self):
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr(Path, "iterdir", refuse)
    with pytest.raises(CorpusError, match="permission denied: may you read this folder"):
        keyword_files(folders)


def test_background_in_which_a_keyword_is_said_is_passed_over(folders):
    files, spoken = background_files(folders / "test-clean", ["alexa", "smart mirror"])
    assert [file.stem for file in files] == ["1089-134686-0000", "1188-134686-0000"]  # mirrors are no mirror
    assert spoken == 1
    with pytest.raises(CorpusError, match=r"a keyword is said in all 3 files"):
        background_files(folders / "test-clean", ["smart", "he"])
    (folders / "nothing").mkdir()
    for folder, message in (("nothing", "has no audio"), ("elsewhere", "no such folder")):
        with pytest.raises(CorpusError, match=f"background speech: .*{folder}.*{message}"):
            background_files(folders / folder, [])


def test_of_an_array_the_first_channel_is_the_noise(folders):
    write(folders / "demand/rain.wav", 1)
    names = [file.relative_to(folders / "demand").as_posix() for file in noise_files(folders / "demand")]
    assert names == ["DKITCHEN/ch01.wav", "TBUS/ch01.wav", "rain.wav"]


def test_every_file_is_decoded_to_its_end(tmp_path):
    good, other_rate = write(tmp_path / "good.flac", 1.5, level=0.5), write(tmp_path / "8k.wav", 1.0, rate=8_000)
    cut = write(tmp_path / "cut.flac", 2)
    cut.write_bytes(cut.read_bytes()[: cut.stat().st_size // 2])
    (tmp_path / "text.wav").write_text("not audio")
    soundfile.write(tmp_path / "silent.wav", np.zeros(RATE), RATE)
    findings = Findings()
    sounds = decoded(sorted(tmp_path.iterdir()), "recordings", 1, findings)
    assert [(one.path, one.samples) for one in sounds] == [(other_rate, RATE), (good, 24_000)]
    assert sounds[1].peak == pytest.approx(0.5, abs=1e-4)
    assert findings.counts == {"recordings that cannot be decoded": 2, "recordings of silence": 1}
    assert "cut.flac" in findings.summary()
    assert "text.wav" in findings.summary()


def test_what_cannot_be_decoded_is_counted_and_named(folders, capsys):
    (folders / "wake-word-benchmark/audio/alexa/1.flac").write_bytes(b"fLaC")
    (folders / "test-clean/1188/134686/1188-134686-0000.flac").write_bytes(b"")
    (folders / "demand/TBUS/ch01.wav").write_bytes(b"RIFF")
    settings = WakeWordSettings(hours=0.01, speech=0.5)
    given = (folders, folders / "test-clean", folders / "demand", settings, 1)
    strict = Preparation(folders / "data", {}, strict=True)
    with pytest.raises(CorpusError, match=r"3 things cannot be used, and this is --strict(.|\n)*alexa/1\.flac"):
        prepare_wake_words(strict, *given)
    assert not (folders / "data").exists()  # nothing was mixed

    preparation = Preparation(folders / "data", {})
    prepare_wake_words(preparation, *given)
    preparation.finish()
    out = capsys.readouterr().out
    assert "prepare: left out: " in out
    assert "1 recordings of 'alexa' that cannot be decoded: " in out
    assert "1 background files that cannot be decoded: " in out
    assert "1 files of" in out  # in which a keyword is said
    occurrences, facts = read_records(folders / "data/search/wake_word/occurrences.tsv", "occurrences")
    assert sorted(occurrences["query"].to_pylist()) == ["alexa", "smart mirror", "view glass"]
    expected = {"protocol": "wake_word", "snr": "10.0", "undecodable": "1", "late": "0.5", "noise": "demand"}
    assert expected.items() <= facts.items()
    assert len(read_records(folders / "data/trials/test_keywords.tsv", "trials")[0]) == 9
    assert (folders / "data/evaluation.txt").read_text().split() == ["test_keywords", "search_wake_word"]
    assert len(list((folders / "data" / STREAMS).glob("*.flac"))) == 1


def test_a_single_keyword_is_searched_for_and_has_no_trials(folders):
    for word in ("smart mirror", "view glass"):
        shutil.rmtree(folders / "wake-word-benchmark/audio" / word)
    preparation = Preparation(folders / "data", {})
    prepare_wake_words(preparation, folders, folders / "test-clean", None, WakeWordSettings(0.002), 1)
    preparation.finish()
    assert (folders / "data/evaluation.txt").read_text().split() == ["search_wake_word"]
    assert len(read_records(folders / "data/manifests/test.tsv", "manifest")[0]) == 2
    assert not (folders / "data/trials").exists()


@pytest.mark.parametrize(
    ("wrong", "message"),
    [({"hours": 0}, "hours must be above 0"), ({"speech": 2}, "from 0 to 1"), ({"snr": float("nan")}, "number of dB")],
)
def test_numbers_out_of_range_are_told(wrong, message):
    with pytest.raises(CorpusError, match=message):
        WakeWordSettings(**wrong)


def test_folders_of_nothing_but_broken_files_are_told(folders):
    for path in (folders / "demand").rglob("ch01.wav"):
        path.write_bytes(b"")
    given = (
        Preparation(folders / "data", {}),
        folders,
        folders / "test-clean",
        folders / "demand",
        WakeWordSettings(0.01),
    )
    with pytest.raises(CorpusError, match=r"noise: no file of .* can be used:\n2 noises that cannot"):
        prepare_wake_words(*given, 1)
    for path in (folders / "wake-word-benchmark").rglob("*.*"):
        path.write_bytes(b"")
    with pytest.raises(CorpusError, match="no recording of a keyword"):
        prepare_wake_words(*given, 1)
