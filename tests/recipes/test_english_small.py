"""Stage 1 of recipes/english_small, tiny: what it says is what its manifests hold."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from kwskit.corpora.held_back import part_of
from kwskit.data.manifest import read_manifest
from kwskit.data.records import read_records
from kwskit.data.store.packed_store import PackedStore
from kwskit.data.store.packing import pack_manifest
from kwskit.data.word_times import WordTimes
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
    with pytest.raises(SystemExit, match="nothing to train on"):
        main(["--espeak", "0", "--words", "0", *none])


def test_an_engine_asked_for_must_be_there(stage_one, tmp_path, monkeypatch, capsys):
    monkeypatch.delenv("KWSKIT_KOKORO_VOICES", raising=False)
    main = stage_one("english_small")
    others = ["--hibari", "0", "--flite", "0", "--words", "0", "--jobs", "1", "--data", str(tmp_path), "--size", "tiny"]
    with pytest.raises(SystemExit, match="prepare: the voice 'Kokoro' needs"):
        main(["--kokoro", "2", "--espeak", "2", *others])
    main(["--espeak", "2", *others])
    assert "prepare: fewer voices: the voice 'Kokoro' needs" in capsys.readouterr().err


@pytest.fixture(scope="module")
def whole(finished, stage_one, tmp_path_factory):
    """The data of ``finished`` as utterances to be heard whole; what had been spoken is kept."""
    folder = tmp_path_factory.mktemp("whole")
    shutil.copytree(finished[0], folder / "data")
    stage_one("english_small")(
        ["--size", "tiny", "--kokoro", "0", "--units", "utterances", "--data", str(folder / "data")]
    )
    return folder / "data"


def rows(path, kind="manifest"):
    return read_records(path, kind)[0].to_pylist()


def test_whole_utterances_are_the_words_that_were_spoken(whole):
    """Sentences are joined again from the words of both splits; of phrases there are no second utterances."""
    spoken = {}
    for path in [*whole.glob("running/manifests/*.tsv"), *whole.glob("isolated/manifests/*.tsv")]:
        for row in rows(path):
            if not row["utt_id"].endswith("-phrase"):
                spoken[row["utt_id"]] = row | {"path": str(whole / path.parents[1].name / row["path"])}
    stretches = read_manifest(whole / "manifests/train.tsv").to_pylist()  # audio is checked
    words = {row["utt_id"]: [] for row in stretches}
    for row in rows(whole / "words/train.tsv", "words"):
        words[row["utt_id"]].append(row)
    for row in stretches:
        said, (name, _, position) = words[row["utt_id"]], row["utt_id"].rpartition("_")
        assert row["word"] == " ".join(word["word"] for word in said)
        for k, word in enumerate(said):
            own = spoken.pop(row["utt_id"] if row["utt_id"] in spoken else f"{name}-{int(position) + k}")
            assert [own[part] for part in ("path", "speaker")] == [row[part] for part in ("path", "speaker")]
            assert own["word"] == word["word"]
            times = [row["start"] + word["start"], row["start"] + word["stop"]]
            assert times == pytest.approx([own["start"], own["stop"]], abs=2e-6)
            assert row["start"] <= own["start"] + 1e-6 < own["stop"] <= row["stop"] + 1e-6
            assert HELD_OUT.isdisjoint(word["word"].split())
    assert not spoken
    assert max(len(own) for own in words.values()) > 3
    assert {row["speaker"].partition(":")[0] for row in stretches} >= {"hibari", "espeak", "pico"}


def test_no_stretch_reaches_into_a_word_of_another(whole):
    stretches = {row["utt_id"]: row for row in rows(whole / "manifests/train.tsv")}
    for word in rows(whole / "words/train.tsv", "words"):
        own = stretches[word["utt_id"]]
        start, stop = own["start"] + word["start"] + 2e-6, own["start"] + word["stop"] - 2e-6
        heard = [row for row in stretches.values() if row["path"] == own["path"] and row["start"] < stop]
        assert [row for row in heard if row["stop"] > start] == [own]


def test_whole_utterances_can_be_packed(whole, tmp_path):
    pack_manifest(whole / "manifests/train.tsv", tmp_path / "store", workers=1, progress=False)
    times = WordTimes.read(whole / "words/train.tsv", PackedStore.open(tmp_path / "store"))
    assert len(times.word_ids) == len(rows(whole / "words/train.tsv", "words"))


def test_whole_utterances_are_known_again_and_give_way(whole, stage_one, tmp_path, capsys):
    data = tmp_path / "data"
    shutil.copytree(whole, data)
    before = {path.relative_to(data): path.read_bytes() for path in data.glob("*/train.tsv")}
    main, usual = stage_one("english_small"), ["--size", "tiny", "--kokoro", "0", "--jobs", "1", "--data", str(data)]
    main([*usual, "--units", "utterances"])
    assert "there already" in capsys.readouterr().out
    main(usual)  # words and phrases, in the place of utterances
    assert not (data / "words/train.tsv").exists()
    assert any(row["utt_id"].endswith("-phrase") for row in rows(data / "manifests/train.tsv"))
    main([*usual, "--units", "utterances"])
    assert {path.relative_to(data): path.read_bytes() for path in data.glob("*/train.tsv")} == before
    out = capsys.readouterr().out
    assert out.count("running speech: 0 shards made") == 2
    assert "no words of dev people, which stage 3 needs: --librispeech and its like name corpora" in out


def test_people_are_heard_beside_engines(stage_one, make_librispeech, tmp_path, monkeypatch, capsys):
    names = {
        part: next(n for n in map(str, range(100, 999)) if part_of("librispeech", n) == part)
        for part in ("train", "dev")
    }
    sentences = ["banana window seven marble", "kitten garden velvet"]
    make_librispeech(tmp_path / "people", {"train-clean-5": {name: sentences for name in names.values()}})
    monkeypatch.chdir(tmp_path)
    none = [
        "--kokoro",
        "0",
        "--hibari",
        "0",
        "--flite",
        "0",
        "--words",
        "0",
        "--jobs",
        "1",
        "--data",
        str(tmp_path / "data"),
    ]
    main = stage_one("english_small")
    main(["--units", "utterances", "--espeak", "3", "--librispeech", "people", *none])
    train = read_manifest(tmp_path / "data/manifests/train.tsv").to_pylist()
    own = [row for row in train if row["speaker"] == f"librispeech-{names['train']}"]
    assert sorted(row["word"] for row in own) == ["banana window", "kitten garden velvet", "marble"]
    assert {row["speaker"].partition(":")[0] for row in train if row not in own} == {"espeak"}
    dev = rows(tmp_path / "data/manifests/dev.tsv")
    assert {row["speaker"] for row in dev} == {f"librispeech-{names['dev']}"}
    assert sorted(row["word"] for row in dev) == sorted(" ".join(sentences).split())
    trials = rows(tmp_path / "data/trials/dev_wsj.tsv", "trials")
    assert sum(row["target"] for row in trials) == len(dev)
    assert "librispeech: 0.00 h, 3 stretches, 6 times 6 words, 1 speakers" in capsys.readouterr().out
    main(["--units", "utterances", "--espeak", "0", "--librispeech", str(tmp_path / "people"), *none])
    assert {row["speaker"] for row in rows(tmp_path / "data/manifests/train.tsv")} == {own[0]["speaker"]}
    with pytest.raises(SystemExit, match="nothing to train on: no sentence, no word, and no corpus"):
        main(["--units", "utterances", "--espeak", "0", *none])


def test_words_of_people_are_trained_on_beside_those_of_engines(stage_one, make_librispeech, tmp_path):
    names = {
        part: next(n for n in map(str, range(100, 999)) if part_of("librispeech", n) == part)
        for part in ("train", "dev")
    }
    make_librispeech(
        tmp_path / "people", {"train-clean-5": {name: ["banana window", "seven kitten"] for name in names.values()}}
    )
    none = ["--kokoro", "0", "--hibari", "0", "--flite", "0", "--words", "0", "--jobs", "1"]
    people = ["--espeak", "3", "--librispeech", str(tmp_path / "people"), "--data", str(tmp_path / "data")]
    stage_one("english_small")([*none, *people])
    assert not (tmp_path / "data/words").exists()
    train = read_manifest(tmp_path / "data/manifests/train.tsv").to_pylist()
    own = [row for row in train if row["speaker"] == f"librispeech-{names['train']}"]
    assert {row["word"] for row in own} - {"banana window"} == {"banana", "window", "kitten"}
    assert any(row["speaker"].startswith("espeak") for row in train)
    dev = rows(tmp_path / "data/manifests/dev.tsv")
    assert {row["speaker"] for row in dev} == {f"librispeech-{names['dev']}"}
