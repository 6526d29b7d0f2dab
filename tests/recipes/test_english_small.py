"""Stage 1 of recipes/english_small, tiny: what it says is what its manifests hold."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from kwskit.data.manifest import read_manifest
from kwskit.synthesis.running_speech import is_dev

ROOT = Path(__file__).parents[2]
HELD_OUT = {"zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"}
HELD_OUT |= {"athena", "amelia", "computer", "android", "hey", "alexa"}


@pytest.fixture(scope="module", autouse=True)
def _voices():
    check = [sys.executable, str(ROOT / "tools/check_environment.py"), str(ROOT), "voices,voices-gpl"]
    if lacks := subprocess.run(check, capture_output=True, text=True).stdout.strip():
        pytest.skip(f"this environment lacks {lacks}")


@pytest.fixture(scope="module")
def finished(tmp_path_factory, run_recipe):
    folder = tmp_path_factory.mktemp("english small")
    places = ["--data", folder / "data", "--exp", folder / "exp"]
    done = run_recipe("english_small", "--size", "tiny", "--stop_stage", "1", "--kokoro", "0", *places, cwd=folder)
    return folder / "data", done.stdout


def test_manifests_of_all_engines(finished):
    data, out = finished
    tables = {split: read_manifest(data / f"manifests/{split}.tsv") for split in ("train", "dev")}  # audio is checked
    rows = [row for table in tables.values() for row in table.to_pylist()]
    engines = {row["speaker"].partition(":")[0] for row in rows}
    assert {"hibari", "espeak", "pico"} <= engines <= {"hibari", "espeak", "pico", "flite"}
    assert len({row["utt_id"] for row in rows}) == len(rows) > 100
    assert any(" " in row["word"] for row in rows), "no phrases"
    for split, table in tables.items():
        words = [word for text in table["word"].to_pylist() for word in text.split()]
        assert HELD_OUT.isdisjoint(words)
        if split == "train":
            assert not any(map(is_dev, words))
        assert f"{split}: {len(table):,} words and phrases" in out


def test_it_goes_on_where_it_stopped(finished, stage_one, capsys):
    data, _ = finished
    before = {path: path.stat().st_mtime_ns for path in data.rglob("*.wav")}
    stage_one("english_small")(["--size", "tiny", "--kokoro", "0", "--data", str(data), "--jobs", "1"])
    assert "running speech: 0 shards made" in capsys.readouterr().out
    assert {path: path.stat().st_mtime_ns for path in data.rglob("*.wav")} == before


def test_single_engines(stage_one, tmp_path, capsys):
    main = stage_one("english_small")
    none = ["--kokoro", "0", "--hibari", "0", "--flite", "0", "--jobs", "1", "--data", str(tmp_path)]
    main(["--espeak", "5", "--words", "0", *none])
    settings = json.loads((tmp_path / "running/corpus.json").read_text())
    assert list(settings["splits"]) == ["espeak"]
    assert set(settings["held_out"]) == HELD_OUT
    assert not (tmp_path / "isolated").exists()
    main(["--espeak", "5", "--words", "6", "--utterances", "1", *none])
    assert "isolated words: " in capsys.readouterr().out
    with pytest.raises(SystemExit, match="nothing to speak"):
        main(["--espeak", "0", "--words", "0", *none])


def test_an_engine_asked_for_must_be_there(stage_one, tmp_path, monkeypatch, capsys):
    monkeypatch.delenv("KWSKIT_KOKORO_VOICES", raising=False)
    main = stage_one("english_small")
    others = ["--hibari", "0", "--flite", "0", "--words", "0", "--jobs", "1", "--data", str(tmp_path), "--size", "tiny"]
    with pytest.raises(SystemExit, match="prepare: the voice 'Kokoro' needs"):
        main(["--kokoro", "2", "--espeak", "2", *others])
    main(["--espeak", "2", *others])
    assert "prepare: fewer voices: the voice 'Kokoro' needs" in capsys.readouterr().err
