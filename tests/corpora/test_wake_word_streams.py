"""Streams of wake words among other speech, over noise."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

from kwskit.corpora.findings import Findings
from kwskit.corpora.wake_words.benchmark import Sound, decoded
from kwskit.corpora.wake_words.streams import BREATH, Mix, StreamPart, mixed, stream_tables, timeline, write_streams
from kwskit.errors import CorpusError
from tests.corpora.wake_sounds import RATE, write


def sound(path: Path, seconds: float, seed: int = 0, level: float = 0.2) -> Sound:
    """The same, decoded."""
    return decoded([write(path, seconds, seed, level=level)], "sounds", 1, Findings())[0]


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
