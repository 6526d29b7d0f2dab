"""A folder of kept clips: bounded, judged by moving files, and by these a threshold."""

import dataclasses
import os
import time

import numpy as np
import pytest

from kwskit.spotting.kept.kept_clip import KeptClip, KeptError
from kwskit.spotting.kept.kept_folder import IT_WAS, IT_WAS_NOT, UNMARKED, KeptFolder
from kwskit.spotting.kept.kept_threshold import kept_threshold
from kwskit.spotting.kept.stretch import Peak, Stretch

RATE, DAY = 16_000, 86_400
NOISE = np.random.default_rng(0).integers(-9_000, 9_000, 2 * RATE).astype(np.int16)  # 60 kB as a clip
CLIP = KeptClip("", "hey nova", "me", 5.0, 4.0, 0.0, 0.5, 1.5, "-")


@pytest.fixture
def folder(tmp_path):
    return KeptFolder.create(tmp_path / "kept")


def add(folder, name, days=0.0, verdict=UNMARKED, **facts):
    folder.add(NOISE, dataclasses.replace(CLIP, id=name, heard=time.time() - days * DAY, **facts))
    (one,) = [one for one in folder.kept() if one.clip.id == name]
    if verdict != UNMARKED:
        folder.mark(one, verdict)
    return one


def ids(folder):
    return [(one.clip.id, one.verdict) for one in folder.kept()]


def test_the_oldest_unmarked_go_first(folder):
    for name, days, verdict in (("a", 40, IT_WAS), ("b", 20, IT_WAS_NOT), ("c", 9, UNMARKED), ("d", 8, UNMARKED)):
        folder.days = 50
        add(folder, name, days, verdict)
    assert ids(folder) == [("d", UNMARKED), ("c", UNMARKED), ("b", IT_WAS_NOT), ("a", IT_WAS)]
    size = max(one.path.stat().st_size for one in folder.kept()) / 1e6
    folder.megabytes = 3.5 * size
    add(folder, "e")
    assert ids(folder) == [("e", UNMARKED), ("b", IT_WAS_NOT), ("a", IT_WAS)]
    folder.megabytes = 1.5 * size
    folder.purge()
    assert ids(folder) == [("b", IT_WAS_NOT)]
    # What was marked is known for good.
    assert folder.listening()[1] == {"a": IT_WAS, "b": IT_WAS_NOT}
    folder.megabytes, folder.days = 50, 1
    stranger = folder.path / UNMARKED / "mine.flac"
    stranger.write_bytes(b"of somebody else")
    add(folder, "f")
    folder.add(NOISE, dataclasses.replace(CLIP, id="g", heard=time.time() - 2 * DAY))
    assert ids(folder) == [("f", UNMARKED), ("b", IT_WAS_NOT)]
    assert stranger.exists()
    (log,) = (folder.path / "listened").iterdir()
    os.utime(log, (time.time() - 2 * DAY,) * 2)
    folder.purge()
    assert not log.exists()


def test_two_processes_keep_in_one_folder(folder):
    other = KeptFolder.create(folder.path)
    now = time.time()
    for k, one in enumerate((folder, other) * 3):
        one.add(NOISE, dataclasses.replace(CLIP, id=f"{k:02d}", heard=now))
        one.log(Stretch(now, 10.0, {"me": "hey nova"}, {"me": 3.0}, (Peak(f"{k:02d}", "me", 5.0),)))
    assert sorted(ids(folder)) == [(f"{k:02d}", UNMARKED) for k in range(6)]
    assert [one.seconds for one in other.listening()[0]] == [10.0] * 6


def test_other_folders_are_refused(tmp_path):
    with pytest.raises(KeptError, match="no folder that kwskit has kept clips in"):
        KeptFolder(tmp_path / "none")
    (tmp_path / "song.flac").write_bytes(b"mine")
    with pytest.raises(KeptError, match="no kept clips, but something else"):
        KeptFolder(tmp_path)
    with pytest.raises(KeptError, match="has other files in it"):
        KeptFolder.create(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["song.flac"]


def test_what_is_damaged_is_told_once_and_left_out(folder, caplog):
    one = add(folder, "a", verdict=IT_WAS)
    add(folder, "b")
    twice = folder.path / IT_WAS / one.path.name
    (folder.path / IT_WAS_NOT / one.path.name).write_bytes(twice.read_bytes())
    folder.log(Stretch(1.0, 60.0, {"me": "hey nova"}, {"me": 3.0}))
    (log,) = (folder.path / "listened").iterdir()
    with log.open("a") as file:
        file.write('{"listened": {"start": 2\n{"listened": {"start": 2, "seconds": -1, "peaks": []}}\n[]\n')
    (folder.path / UNMARKED / "cut.flac").write_bytes(one.path.name.encode())
    for _ in range(2):
        assert ids(folder) == [("b", UNMARKED)]
    assert caplog.text.count("cut.flac: no clip that kwskit has kept, or damaged") == 1
    assert caplog.text.count("it is in it_was/ and in it_was_not/: delete one of both") == 1
    assert len(folder.listening()[0]) == 1
    assert [f"line {k}: damaged" in caplog.text for k in range(1, 5)] == [False, True, True, True]
    # One that was copied rather than moved is judged.
    (folder.path / IT_WAS_NOT / one.path.name).unlink()
    (folder.path / UNMARKED / one.path.name).write_bytes(twice.read_bytes())
    assert ("a", IT_WAS) in ids(folder)


def listened(folder, hours, scores, verdict, first=0, start=1.0, level=3.0, keep=True):
    peaks = []
    for k, score in enumerate(scores, first):
        peaks.append(Peak(f"{k}", "me", score))
        if keep:
            add(folder, f"{k}", verdict=verdict, score=score)
    folder.log(Stretch(start, 3600.0 * hours, {"me": "hey nova"}, {"me": level}, tuple(peaks)))


def test_a_threshold_is_counted_by_what_was_judged(folder):
    false = [3.2 + 0.1 * k for k in range(15)]
    listened(folder, 5, false, IT_WAS_NOT)
    listened(folder, 5, [4.05, 6.0], IT_WAS, first=20, start=2.0)
    found = kept_threshold(folder, "me", "hey nova", 1.2)
    # 12 of the 15 are allowed in ten hours: the threshold is between the third lowest and the fourth.
    assert found.threshold.value == pytest.approx((false[2] + false[3]) / 2)
    assert (found.hours, found.false_alarms, found.heard, found.lost, found.lowest) == (10, 12, 2, 0, False)
    strict = kept_threshold(folder, "me", "hey nova", 1.0)
    assert (strict.false_alarms, strict.lost) == (10, 0)
    many = kept_threshold(folder, "me", "hey nova", 3.0)
    assert (many.threshold.value, many.false_alarms, many.lowest) == (3.0, 15, True)
    # Where a stretch was kept from 3.95 on, less is known of all.
    listened(folder, 1, [], IT_WAS, start=3.0, level=3.95)
    assert kept_threshold(folder, "me", "hey nova", 3.0).threshold.value == 3.95


def test_too_little_that_is_judged_is_refused(folder):
    with pytest.raises(KeptError, match=r"nothing was listened to for 'hey nova', scored as it is now$"):
        kept_threshold(folder, "me", "hey nova", 1.0)
    listened(folder, 10, [3.2 + 0.1 * k for k in range(11)], IT_WAS_NOT)
    with pytest.raises(KeptError, match="scored as it is now; it has listened for hey nova, with this model"):
        kept_threshold(folder, "another", "hey nova", 1.0)
    with pytest.raises(KeptError, match=r"10\.0 hours .* too few to count 0\.5 .*: 20 hours are needed"):
        kept_threshold(folder, "me", "hey nova", 0.5)
    value = kept_threshold(folder, "me", "hey nova", 1.0).threshold.value
    unsure = add(folder, "x", score=5.0)
    low = add(folder, "y", score=3.1)
    peaks = tuple(Peak(one.clip.id, "me", one.clip.score) for one in (unsure, low))
    folder.log(Stretch(2.0, 600.0, {"me": "hey nova"}, {"me": 3.0}, peaks))
    with pytest.raises(KeptError, match=r"1 clip of 'hey nova' .* not judged: move them from unmarked/"):
        kept_threshold(folder, "me", "hey nova", 1.0)
    folder.mark(unsure, IT_WAS)  # the low one makes no difference
    assert kept_threshold(folder, "me", "hey nova", 1.0).threshold.value == value


def test_what_is_gone_ends_the_hours_that_are_known(folder):
    listened(folder, 10, [3.2 + 0.01 * k for k in range(40)], IT_WAS_NOT, start=3.0)
    before = kept_threshold(folder, "me", "hey nova", 1.0)
    listened(folder, 90, [3.05], UNMARKED, first=40, start=2.0, keep=False)  # too low to matter
    listened(folder, 90, [5.0], UNMARKED, first=50, start=1.0, keep=False)
    found = kept_threshold(folder, "me", "hey nova", 0.15)
    assert found.hours == 100
    judged = add(folder, "50", verdict=IT_WAS, score=5.0)
    (now,) = [one for one in folder.kept() if one.clip.id == judged.clip.id]
    folder.remove(now)
    assert kept_threshold(folder, "me", "hey nova", 0.15).hours == 190
    assert before.hours == 10
