"""What sets keywords off in a stream, and what nearly does, is kept as it was heard."""

import errno
import json
import time

import numpy as np
import pytest
import soundfile

from kwskit.cli import main
from kwskit.spotting.kept import hit_keeper, near
from kwskit.spotting.kept.hit_keeper import kept_hits
from kwskit.spotting.kept.kept_clip import KeptClip
from kwskit.spotting.kept.kept_folder import IT_WAS, IT_WAS_NOT, KeptFolder
from kwskit.spotting.kept.near import near_level, scorer_of
from kwskit.spotting.kept.stretch import Peak, Stretch
from kwskit.spotting.peak_estimates import highest
from kwskit.spotting.spotter import Spotter
from tests.documents.json_lines import json_lines

RATE, THRESHOLD, NEAR = 16_000, 5.0, 3.0
WORDS = ["hey nova", "banana", "hey novel", "tiger", "nova", "hey window", "hey nova"]


@pytest.fixture
def spotter(sung_model):
    spotter = Spotter(sung_model)
    for text in ("hey nova", "tiger"):
        spotter.enrol(text, threshold=THRESHOLD)
    return spotter


@pytest.fixture(scope="module")
def evening(sung_model):
    return sung_model.stream_of(*WORDS, pause=1.2)[0]


def blocks(pcm, size):
    return [pcm[at : at + size] for at in range(0, len(pcm), size)]


def naive_peaks(spotter, pcm, keyword):
    """Scores of all peaks of a keyword, the highest first, of all windows at once."""
    stream = spotter.listen_for([keyword], np.inf)
    found = []
    for last in (False, True):
        stream.finish() if last else stream.push(pcm)
        found.append((*stream.scores,))
    centre, score = (np.concatenate(column) for column in zip(*found, strict=True))
    return highest(score[:, 0], centre, max(1.0, keyword.seconds), THRESHOLD - NEAR)


@pytest.mark.parametrize("size", [2_000, 50_000, 10**6])
def test_hits_and_what_nearly_is_one_are_kept(spotter, evening, tmp_path, monkeypatch, size):
    monkeypatch.setattr(near, "MARGIN", NEAR)
    monkeypatch.setattr(hit_keeper, "REMEMBERED", 8.0)
    folder = KeptFolder.create(tmp_path / "kept")
    hits = list(kept_hits(spotter, folder, blocks(evening, size), RATE, "-"))
    assert hits == list(spotter.stream(blocks(evening, size)))
    clips = sorted(folder.kept(), key=lambda one: one.clip.heard)
    (stretch,), verdicts = folder.listening()
    assert stretch.seconds == pytest.approx(len(evening) / RATE)
    assert set(verdicts) == {one.clip.id for one in clips} == {peak.id for peak in stretch.peaks}
    assert len(hits) == 5
    for name, keyword in spotter.keywords.items():
        own = [one.clip for one in clips if one.clip.keyword == name]
        assert {(one.score, one.threshold) for one in own if one.hit} == {
            (hit.score, THRESHOLD) for hit in hits if hit.keyword == name
        }
        expected = naive_peaks(spotter, evening, keyword)
        np.testing.assert_allclose(sorted((one.score for one in own), reverse=True), expected, rtol=1e-6)
        scorer = scorer_of(spotter, keyword)
        assert {one.scorer for one in own} == {scorer}
        assert (stretch.names[scorer], stretch.levels[scorer]) == (name, THRESHOLD - NEAR)
    assert len(clips) > len(hits)
    # The sound of each hit is that of the stream, with a second on both sides where there is one.
    of_hits = [one for one in clips if one.clip.hit]
    for hit in hits:
        (one,) = [one for one in of_hits if (one.clip.score, one.clip.keyword) == (hit.score, hit.keyword)]
        sound, rate = soundfile.read(one.path, dtype="int16")
        first, last = max(0, round((hit.start - 1) * RATE)), round((hit.end + 1) * RATE)
        assert rate == RATE
        np.testing.assert_array_equal(sound, evening[first:last])
        assert first / RATE + one.clip.start == pytest.approx(hit.start, abs=1e-4)
        assert one.clip.stop - one.clip.start == pytest.approx(hit.end - hit.start, abs=1e-4)
        assert one.path.stat().st_mode & 0o777 == 0o600
        assert one.path.parent.stat().st_mode & 0o777 == 0o700


def test_models_that_hear_phonemes_keep_their_hits(phoneme_sung_model, tmp_path):
    spotter = Spotter(phoneme_sung_model, streaming=True)
    pcm, said = phoneme_sung_model.stream_of("hey nova", "tiger", "hey nova", pause=1.0)
    spotter.enrol("hey nova", threshold=spotter.score(pcm, "hey nova") - 0.5)
    folder = KeptFolder.create(tmp_path / "kept")
    hits = list(kept_hits(spotter, folder, blocks(pcm, 3_000), RATE, "-"))
    kept = sorted((one.clip for one in folder.kept() if one.clip.hit), key=lambda one: one.heard)
    assert [one.score for one in kept] == [hit.score for hit in hits]
    assert [text for text, start, stop in said for hit in hits if hit.start < stop and hit.end > start] == 2 * [
        "hey nova"
    ]


def test_what_nearly_is_one_is_ten_times_as_frequent(sung_model, spotter):
    spotter.calibrate([sung_model.stream_of(*["window", "lemon", "rocket", "marble"] * 6, pause=0.1)[0]])
    keyword = spotter.enrol("hey nova", fa_per_hour=2)
    assert near_level(spotter, keyword) == spotter.background.threshold(keyword, 20)
    many = spotter.enrol("hey nova", fa_per_hour=50)
    assert near_level(spotter, many) == spotter.background.threshold(many, 60)
    given = spotter.enrol("hey nova", threshold=keyword.threshold)
    assert near_level(spotter, given) == pytest.approx(near_level(spotter, keyword), abs=1e-3)
    most = spotter.enrol("hey nova", threshold=-5)
    assert near_level(spotter, most) == -5


def test_the_command_keeps_where_it_is_asked_to(spotter, sung_model, evening, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("kwskit.spotting.spotter.open_model", lambda model, device: sung_model)
    path = tmp_path / "evening.wav"
    soundfile.write(path, evening, RATE)
    given = ["spot", "--model", str(tmp_path), "--keyword", "hey nova", "--threshold", str(THRESHOLD), str(path)]
    assert main(given) == 0
    plain = capsys.readouterr().out
    assert list(tmp_path.iterdir()) == [path]
    assert main([*given, "--keep", str(tmp_path / "kept")]) == 0
    out, err = capsys.readouterr()
    assert out == plain
    assert f"what nearly does, is kept in {tmp_path / 'kept'}" in err
    kept = KeptFolder(tmp_path / "kept").kept()
    assert {one.clip.source for one in kept} == {str(path)}
    assert sum(one.clip.hit for one in kept) == len(plain.splitlines())
    assert main([*given, "--keep-mb", "3"]) == 2
    assert "bound what --keep DIR keeps" in capsys.readouterr().err
    assert main([*given, "--keep", str(path)]) == 1
    assert "evening.wav: a file; clips are kept in a folder" in capsys.readouterr().err


def test_the_command_calibrates_by_what_was_kept(spotter, sung_model, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("kwskit.spotting.spotter.open_model", lambda model, device: sung_model)
    folder, scorer = KeptFolder.create(tmp_path / "kept"), scorer_of(spotter, spotter.keywords["tiger"])
    scores = [4.0 + 0.1 * k for k in range(21)]
    for k, score in enumerate(scores):
        clip = KeptClip(f"{k}", "tiger", scorer, score, THRESHOLD, time.time(), 0.0, 0.5, "-")
        folder.add(np.zeros(RATE, np.int16), clip)
    for one in folder.kept():
        folder.mark(one, IT_WAS if one.clip.id == "20" else IT_WAS_NOT)
    peaks = tuple(Peak(f"{k}", scorer, score) for k, score in enumerate(scores))
    folder.log(Stretch(time.time(), 36_000, {scorer: "tiger"}, {scorer: 3.9}, peaks))
    given = ["calibrate", "--model", str(tmp_path), "--keyword", "tiger", "--from", str(folder.path)]
    assert main([*given, "--fa-per-hour", "1"]) == 0
    out, err = capsys.readouterr()
    (facts,) = json_lines("calibrate", out)
    assert (facts["threshold"], facts["told_by"]) == (4.95, "counted")  # ten of the twenty are above it
    assert "tiger: --threshold 4.95: 10 false alarms reach it in 10.0 hours" in err
    assert "of 1 that were the keyword, 0 do not" in err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["kept"]
    for wrong, message in (
        (["a.wav"], "goes without recordings"),
        (["--to", "x.npz"], "goes without recordings and without --to"),
    ):
        assert main([*given, *wrong]) == 2
        assert message in capsys.readouterr().err
    assert main(["calibrate"]) == 2
    assert "recordings, or --from DIR" in capsys.readouterr().err


def test_a_full_disk_is_told_once_and_listening_goes_on(spotter, evening, tmp_path, monkeypatch, caplog):
    folder = KeptFolder.create(tmp_path / "kept")

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("kwskit.spotting.kept.kept_folder.write_clip", full)
    hits = list(kept_hits(spotter, folder, [evening], RATE, "-"))
    assert hits == list(spotter.stream([evening]))
    assert caplog.text.count("not kept: [Errno 28] No space left on device") == 1
    # The peaks are known, without a clip: they will not pass for silence.
    (stretch,), verdicts = folder.listening()
    assert len(stretch.peaks) >= len(hits)
    assert verdicts == {}


def test_what_was_heard_is_kept_where_the_sound_breaks_off(spotter, evening, tmp_path):
    folder = KeptFolder.create(tmp_path / "kept")

    def broken():
        yield evening[: 3 * RATE]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        list(kept_hits(spotter, folder, broken(), RATE, "microphone"))
    assert [one.clip.source for one in folder.kept()] == ["microphone"]
    (line,) = [json.loads(line) for path in folder.path.glob("listened/*") for line in path.read_text().splitlines()]
    assert line["listened"]["seconds"] == 3
