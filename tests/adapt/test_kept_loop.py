"""What a home keeps, judges and adapts with: a false alarm that was marked does not come back, and no hit is lost."""

import json
import runpy
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from kwskit.adapt.kept_recordings import kept_recordings, least_threshold
from kwskit.cli import main
from kwskit.spotting.adapted.keyword_file import read_keyword_file
from kwskit.spotting.kept.kept_clip import KeptError
from kwskit.spotting.kept.kept_folder import IT_WAS, IT_WAS_NOT, KeptFolder
from kwskit.spotting.spotter import Spotter

RATE = 16_000
SAID = ["hey nova", "hey lova", "hey nova", "banana", "hey nova"]


@pytest.fixture
def home(sung_model, background, singers, tmp_path, monkeypatch):
    """What runs a command with the model, a folder with evening.wav, and (text, start, stop) of what is said there."""
    monkeypatch.setattr("kwskit.spotting.spotter.open_model", lambda model, device: sung_model)
    background.save(tmp_path / "background.npz")
    pcm, said = sung_model.stream_of(*SAID, pause=1.5)
    soundfile.write(tmp_path / "evening.wav", pcm, RATE)

    def run(command, *arguments):
        assert main([command, *map(str, arguments), "--model", str(tmp_path), "--fa-per-hour", "5"]) == 0

    return run, tmp_path, said


def heard(out, said):
    """What is said at the hits that were printed."""
    hits = [json.loads(line) for line in out.splitlines()]
    return [text for hit in hits for text, start, stop in said if hit["start"] < stop and hit["end"] > start]


def test_a_false_alarm_that_was_marked_does_not_come_back(home, capsys):
    run, folder, said = home
    kept, evening = folder / "kept", folder / "evening.wav"
    run("spot", "--keyword", "hey nova", "--keep", kept, evening)
    before = heard(capsys.readouterr().out, said)
    assert (before.count("hey nova"), before.count("hey lova")) == (3, 1)
    clips = sorted(KeptFolder(kept).kept(), key=lambda one: one.clip.heard)
    hits = [one for one in clips if one.clip.hit]
    assert len(hits) == len(before)
    with pytest.raises(KeptError, match=r"none of its \d clips of 'hey nova' is judged"):
        kept_recordings(KeptFolder(kept), "hey nova")
    for one, text in zip(hits, before, strict=True):
        shutil.move(one.path, kept / (IT_WAS if text == "hey nova" else IT_WAS_NOT))
    run("adapt", "hey nova", "--from", kept, "--to", folder / "nova.kw")
    out, err = capsys.readouterr()
    assert "3 clips that were 'hey nova', 1 that were not" in err
    assert json.loads(out)["recordings"] == 4
    assert "of kept clips it now hears 3 of 3 that were the keyword, 0 of 1 that were not" in err
    run("spot", "--keyword-file", folder / "nova.kw", evening)
    assert heard(capsys.readouterr().out, said) == ["hey nova"] * 3


def test_a_threshold_is_no_higher_than_hits_allow():
    def least(said, others):
        return least_threshold(np.array(said), np.array(others), 1.0)

    assert least([4.0, 5.0], [1.2, 2.0, 0.5]) == 2.5
    assert least([2.4, 0.3], [2.0]) == pytest.approx(2.2)  # one that is not heard as it is does not count
    assert least([2.4, 5.0], [1.2, 3.0]) == pytest.approx(1.7)  # the higher one cannot be had without a hit
    assert least([4.0], [0.9]) is least([2.0], [3.0]) is least([], [3.0]) is least([3.0], []) is None


def test_what_cannot_be_learnt_from_is_told(home, caplog):
    run, folder, _ = home
    run("spot", "--keyword", "hey nova", "--keep", folder / "kept", folder / "evening.wav")
    kept = KeptFolder(folder / "kept")
    with pytest.raises(KeptError, match="holds no clips of 'tiger': of hey nova alone"):
        kept_recordings(kept, "tiger")
    first, second = kept.kept()[:2]
    kept.mark(first, IT_WAS)
    kept.mark(second, IT_WAS)
    found = kept_recordings(kept, "Hey_Nova")
    assert (len(found.said), len(found.not_said), found.unmarked) == (2, 0, len(kept.kept()) - 2)
    clip = kept.kept()[0].clip
    middle = (clip.start + clip.stop) / 2
    sound = soundfile.read(kept.path / IT_WAS / first.path.name, dtype="int16")[0]
    # The hit is in the middle, so that the windows there are those that are learnt from.
    at = round(len(found.said[-1]) / 2 - middle * RATE)
    np.testing.assert_array_equal(found.said[-1][at : at + len(sound)], sound)
    (kept.path / IT_WAS / second.path.name).write_bytes(b"damaged")
    assert len(kept_recordings(KeptFolder(kept.path), "hey nova").said) == 1
    assert f"{second.path.name}: no clip that kwskit has kept, or damaged" in caplog.text


def test_the_example(home, sung_model, background, monkeypatch, capsys):
    _, folder, _ = home
    monkeypatch.setattr(Spotter, "load", lambda: Spotter(sung_model, background))
    monkeypatch.chdir(folder)
    for recordings in (["evening.wav"], []):
        monkeypatch.setattr(sys, "argv", ["learn.py", "hey nova", "kept", *recordings])
        runpy.run_path(str(Path(__file__).parents[2] / "egs/learn/learn.py"))
        kept = KeptFolder("kept")
        kept.mark(kept.kept()[0], IT_WAS)
    assert capsys.readouterr().out.startswith("hey nova: 1.")
    assert read_keyword_file("keyword.kw").card.recordings == 1
