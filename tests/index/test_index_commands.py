"""``kwskit index`` and ``kwskit search``."""

import shutil

import numpy as np
import soundfile

from kwskit.cli import main
from kwskit.index import SpeechIndex
from tests.documents.json_lines import json_lines


def test_commands(tmp_path, model, recordings, monkeypatch, capsys):
    for module in ("about", "speech_index"):
        monkeypatch.setattr(f"kwskit.index.{module}.open_model", lambda source, device: model)
    folder = shutil.copytree(recordings[0], tmp_path / "recordings")
    (folder / "broken.wav").write_bytes(b"broken")
    place = str(tmp_path / "index")
    assert main(["index", str(folder), "--out", place, "--model", "/nowhere/at/all"]) == 1
    assert "/nowhere/at/all is no directory" in capsys.readouterr().err
    assert main(["index", str(folder), "--out", place, "--model", str(folder), "--windows", "0.3,0.5"]) == 1
    output = capsys.readouterr()
    assert "3 files indexed, 1 cannot be read" in output.out
    assert "not indexed" in output.err
    assert "broken.wav" in output.err
    assert "1 of 4 recordings could not be indexed" in output.err
    (folder / "broken.wav").unlink()
    assert main(["index", str(folder), "--out", place]) == 0
    assert "3 unchanged" in capsys.readouterr().out
    assert main(["index", str(folder), "--out", place, "--overlap", "0.5"]) == 1
    capsys.readouterr()
    assert main(["search", place, "tiger", "--top", "2", "--snippets", str(tmp_path / "s")]) == 0
    hits = json_lines("search", capsys.readouterr().out)
    assert [hit["path"] for hit in hits] == [one.path for one in SpeechIndex.open(place, model).search("tiger", top=2)]
    for hit in hits:
        pcm, rate = soundfile.read(hit["snippet"], dtype="int16")
        whole, _ = soundfile.read(hit["path"], dtype="int16")
        first = round(max(0.0, hit["start"] - 0.5) * rate)
        assert rate == 16_000
        np.testing.assert_array_equal(pcm, whole[first : first + len(pcm)])
        assert len(pcm) / rate >= hit["stop"] - hit["start"]
    soundfile.write(tmp_path / "query.wav", model.say("copper"), 16_000)
    assert main(["search", place, "--example", str(tmp_path / "query.wav"), "--top", "1"]) == 0
    (hit,) = json_lines("search", capsys.readouterr().out)
    assert hit["score"] > 1
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    assert main(["search", place, "tiger", "--min-score", "99"]) == 0
    assert capsys.readouterr().out == "nothing found\n"
    assert main(["search", place, "tiger", "--top", "1"]) == 0
    assert "0:00." in capsys.readouterr().out
    assert main(["search", place, "--top", "1", "tiger"]) == 0
    assert main(["search", place, "--top", "1", "tiger", "meadow"]) == 2
    assert "quotation marks" in capsys.readouterr().err
    assert main(["search", place, "--of", "tiger"]) == 2
    assert main(["search", place]) == 2
    assert "--example" in capsys.readouterr().err


def test_words_that_say_how_they_are_said(index, model, tmp_path, monkeypatch, capsys):
    expected = index.search("tiger", top=3)
    assert index.search("zorb=T AY G ER", top=3) == index.search("zorb~tiger", top=3) == expected
    (tmp_path / "my.dict").write_text("zorb T AY1 G ER0\n")
    monkeypatch.setattr("kwskit.index.about.open_model", lambda source, device: model)
    given = [str(index.place), "zorb", "--top", "3", "--lexicon", str(tmp_path / "my.dict"), "--model", "any"]
    assert main(["search", *given]) == 0
    hits = json_lines("search", capsys.readouterr().out)
    assert [(hit["path"], hit["score"]) for hit in hits] == [(one.path, round(one.score, 3)) for one in expected]
    assert main(["search", str(index.place), "zorb=T OR", "--model", "any"]) == 1
    assert "'OR', the 2nd of 2 phonemes" in capsys.readouterr().err
