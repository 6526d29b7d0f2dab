"""Wake word benchmarks: their folders, the time line, the mixing, and folders with something wrong."""

import shutil
from pathlib import Path

import numpy as np
import pytest
import soundfile

from kwskit.corpora.findings import Findings
from kwskit.corpora.preparation import Preparation
from kwskit.corpora.wake_words.benchmark import Sound, background_files, decoded, keyword_files, noise_files
from kwskit.corpora.wake_words.preparation import STREAMS, WakeWordSettings, prepare_wake_words
from kwskit.corpora.wake_words.streams import BREATH, Mix, StreamPart, mixed, stream_tables, timeline, write_streams
from kwskit.errors import CorpusError
from kwskit.records import read_records

RATE = 16_000


def write(path: Path, seconds: float, seed: int = 0, rate: int = RATE, level: float = 0.2) -> Path:
    """A file of noise, whose peak is ``level``."""
    path.parent.mkdir(parents=True, exist_ok=True)
    wave = np.random.default_rng(seed).uniform(-1, 1, int(seconds * rate))
    soundfile.write(path, wave / np.abs(wave).max() * level, rate)
    return path


def sound(path: Path, seconds: float, seed: int = 0, level: float = 0.2) -> Sound:
    """The same, decoded."""
    return decoded([write(path, seconds, seed, level=level)], "sounds", 1, Findings())[0]


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


def test_the_time_line_has_every_keyword_once_and_the_hours_asked_for(tmp_path):
    background = [Sound(Path(f"b{n}"), (n + 3) * RATE, 1.0) for n in range(5)]
    keywords = {"a": [Sound(Path(f"a{n}"), RATE, 1.0) for n in range(7)], "b": [Sound(Path("b"), 2 * RATE, 1.0)]}
    recordings = timeline(keywords, background, hours=0.5, share=0.3, seed=4, longest=120 * RATE)
    parts = [part for recording in recordings for part in recording]
    said = sorted((part.keyword, part.sound.path.name) for part in parts if part.keyword)
    assert said == [*(("a", f"a{n}") for n in range(7)), ("b", "b")]
    turns = [part for part in parts if part.keyword is None]
    assert 1800 <= sum(part.samples for part in turns) / RATE <= 1807
    assert 0.15 < np.mean([part.sound is not None for part in turns]) < 0.45
    assert all(120 <= sum(part.samples for part in one) / RATE <= 132 for one in recordings[:-1])
    assert all(one[-1].keyword is None for one in recordings)
    # All files have their turn before one comes again.
    lengths = [part.samples // RATE for part in turns if part.samples != BREATH]
    assert all(sorted(lengths[at : at + 5]) == [3, 4, 5, 6, 7] for at in range(0, len(lengths) - 5, 5))
    # The stretches between the keywords are equal, to within a file.
    at, places = 0, []
    for part in parts:
        if part.keyword:
            places.append(at)
        else:
            at += part.samples / RATE
    assert np.abs(np.array(places) - 200 * np.arange(1, 9)).max() <= 7
    assert timeline(keywords, background, 0.5, 0.3, 4, 120 * RATE) == recordings
    assert timeline(keywords, background, 0.5, 0.3, 5, 120 * RATE) != recordings


def test_short_hours_leave_a_breath_between_keywords():
    keywords = {"a": [Sound(Path(f"a{n}"), RATE, 1.0) for n in range(4)]}
    (parts,) = timeline(keywords, [Sound(Path("b"), 100 * RATE, 1.0)], hours=0.001, share=1.0, seed=0)
    assert [part.keyword for part in parts[1:]] == ["a", None, "a", None, "a", None, "a", None]
    assert {part.samples for part in parts[2::2]} == {BREATH}
    with pytest.raises(CorpusError, match="can be decoded"):
        timeline({}, [], 1, 1, 0)


def loudest(wave):
    """Energy of the loudest whole frame of 512 samples, a frame at a time."""
    return max(float(np.sum(wave[at : at + 512] ** 2)) for at in range(0, len(wave) - 511, 512))


@pytest.mark.parametrize("snr", [10.0, 0.0])
def test_speech_is_so_much_above_the_noise_behind_it(tmp_path, snr):
    noise = sound(tmp_path / "noise.wav", 3, seed=1, level=0.05)
    speech = [sound(tmp_path / f"{n}.wav", 1 + n, seed=2 + n, level=0.3 * (n + 1)) for n in range(2)]
    parts = [
        StreamPart(RATE),
        StreamPart(speech[0].samples, speech[0], "a"),
        StreamPart(800),
        StreamPart(speech[1].samples, speech[1]),
    ]
    quiet = [StreamPart(part.samples) for part in parts]
    wave, alone = (mixed(p, Mix((noise,), snr, seed=3), 5).astype(float) for p in (parts, quiet))
    assert wave.shape == alone.shape == (sum(part.samples for part in parts),)
    assert np.abs(wave).max() == np.abs(alone).max() == pytest.approx(1)
    # In the pause nothing but noise is heard, which tells how much the whole was turned down.
    gain = wave[:RATE] @ alone[:RATE] / (alone[:RATE] @ alone[:RATE])
    added = wave - gain * alone
    assert np.abs(added[:RATE]).max() < 1e-6
    at = 0
    for part in parts:
        if part.sound:
            behind, heard = gain * alone[at : at + part.samples], added[at : at + part.samples]
            assert 10 * np.log10(loudest(heard) / loudest(behind)) == pytest.approx(snr, abs=0.01)
            original = soundfile.read(part.sound.path)[0]
            assert np.corrcoef(heard, original)[0, 1] > 0.9999
        at += part.samples


def test_streams_are_kept_and_made_again_bit_for_bit(tmp_path):
    noise, speech = (sound(tmp_path / f"{name}.wav", 2, seed) for seed, name in enumerate(("noise", "speech")))
    recordings = [
        [StreamPart(RATE // 2), StreamPart(speech.samples, speech, "a"), StreamPart(RATE)],
        [StreamPart(RATE, None)],
    ]
    mix, folder = Mix((noise,), 10.0, 1), tmp_path / "streams"
    paths = write_streams(recordings, mix, folder, jobs=1)
    assert soundfile.info(paths[0]).subtype == "PCM_16"
    assert soundfile.info(paths[0]).frames == RATE // 2 + 2 * RATE + RATE
    listed, said = stream_tables(recordings, paths, tmp_path)
    assert listed["path"].to_pylist() == [f"streams/{path.name}" for path in paths]
    assert listed["stop"].to_pylist() == [3.5, 1.0]
    assert said.to_pylist() == [{"query": "a", "recording": paths[0].stem, "start": 0.5, "stop": 2.5}]
    before = [path.read_bytes() for path in paths]
    paths[1].unlink()
    times = paths[0].stat().st_mtime_ns
    assert write_streams(recordings, mix, folder, jobs=2) == paths
    assert paths[0].stat().st_mtime_ns == times
    assert [path.read_bytes() for path in paths] == before
    other = write_streams(recordings[:1], Mix((noise,), 5.0, 1), folder, jobs=1)
    assert sorted(folder.iterdir()) == other
    assert other[0] != paths[0]


def test_without_noise_the_speech_is_alone(tmp_path):
    speech = sound(tmp_path / "speech.wav", 1, level=0.1)
    wave = mixed([StreamPart(RATE), StreamPart(speech.samples, speech)], Mix((), 10.0, 0), 0)
    assert not wave[:RATE].any()
    assert np.abs(wave[RATE:]).max() == pytest.approx(1)


def test_a_full_disk_leaves_no_recording_behind(tmp_path, monkeypatch):
    def full(*_, **__):
        raise OSError(28, "No space left on device")

    speech = sound(tmp_path / "speech.wav", 1)
    monkeypatch.setattr(soundfile, "write", full)
    with pytest.raises(OSError, match=r"cannot be written: No space left on device: '.*0000_"):
        write_streams([[StreamPart(speech.samples, speech)]], Mix((), 10.0, 0), tmp_path / "streams", 1)
    assert list((tmp_path / "streams").iterdir()) == []


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
