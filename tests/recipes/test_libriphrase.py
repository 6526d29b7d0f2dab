"""recipes/libriphrase on miniatures in the official layouts, by run.sh, and what its files say of it."""

import csv
import json
from collections import Counter
from pathlib import Path

import pytest
import soundfile
from sklearn.metrics import roc_auc_score

from kwskit.data.records import read_records

COLUMNS = (
    "anchor,anchor_spk,anchor_text,anchor_dur,"
    "comparison,comparison_spk,comparison_text,comparison_dur,type,target,class"
)
LISTS = [f"test_{protocol}-{kind}" for protocol in ("phonmatchnet", "mmkws", "clap-ipa") for kind in ("easy", "hard")]


@pytest.fixture(scope="module")
def corpus(make_librispeech, tmp_path_factory):
    folder = tmp_path_factory.mktemp("phrases")
    parts = {
        "train-clean-100": {
            "84": ["banana window , forest silver", "garden velvet"],
            "103": ["forest silver , banana window", "garden velvet"],
        },
        "dev-clean": {"1272": ["orange marble , thunder"], "1462": ["thunder , orange marble"]},
        # what every speaker says, twice: enough for episodes of one pair
        "train-other-500": {
            speaker: ["banana rocket , castle", "castle , banana rocket , castles", "rockets harbor"]
            for speaker in ("61", "121", "237")
        },
    }
    return folder, make_librispeech(folder, parts)


@pytest.fixture
def prepare(corpus, stage_one, monkeypatch, capsys):
    """Stage 1 in this process: ``prepare(*flags)``, what it printed or why it stopped."""
    monkeypatch.chdir(corpus[0])
    main = stage_one("libriphrase")

    def run(*flags: str) -> str:
        try:
            main(["--corpus", "LibriSpeech", "--alignments", "alignments", "--jobs", "1", *flags])
        except SystemExit as stop:
            return str(stop)
        return capsys.readouterr().out

    return run


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as source:
        assert source.readline().strip() == COLUMNS
        source.seek(0)
        return list(csv.DictReader(source))


@pytest.fixture(scope="module")
def built(corpus, run_recipe):
    """A set built from train-other-500, and everything after it."""
    folder, aligned = corpus
    flags = ["--build", "train-other-500", "--pairs", "1", "--train", "train-clean-100", "--negatives", "3"]
    flags += ["--data", "data", "--exp", "exp", "--training.epochs", "1", "--training.keywords", "3"]
    given = ["--corpus", "LibriSpeech", "--alignments", "alignments"]
    done = run_recipe("libriphrase", "--size", "tiny", *given, *flags, cwd=folder)
    return folder, aligned, done.stdout


def test_training_phrases_are_those_without_a_pause(built):
    folder, *_ = built
    table, _ = read_records(folder / "data/manifests/train.tsv", "manifest")
    texts = Counter(table["word"].to_pylist())
    assert {"banana window", "forest silver", "garden velvet", "banana", "garden"} <= set(texts)
    assert "window forest" not in texts
    assert "silver banana" not in texts
    assert set(texts.values()) == {2}  # --least 2; each speaker says each once
    seconds = table["stop"].to_numpy() - table["start"].to_numpy()
    assert ((seconds >= 0.5) & (seconds <= 2)).all()
    for row in table.to_pylist():
        assert row["path"].endswith(f"{row['utt_id'].split('_')[0]}.flac")


def test_the_built_set_keeps_its_rules(built):
    folder, aligned, _ = built
    said = {(utterance, word) for _, utterance, *_, word in aligned}
    names = []
    for words in (1, 2):
        rows = rows_of(folder / f"data/libriphrase/libriphrase_diffspk_all_{words}word.csv")
        assert rows
        keys = [(r["anchor_spk"], r["anchor_text"], int(r["target"]), r["type"], r["comparison_spk"]) for r in rows]
        assert keys == sorted(keys)
        for row in rows:
            names += [row["anchor"], row["comparison"]]
            assert row["anchor_spk"] != row["comparison_spk"]
            assert (row["anchor_text"] == row["comparison_text"]) == (row["target"] == "1")
            assert (row["type"] == "diffspk_positive") == (row["target"] == "1")
            for side in ("anchor", "comparison"):
                part, speaker, chapter, name = row[side].split("/")
                utterance = name.split("_")[0]
                assert (part, speaker) == ("train-other-500", row[f"{side}_spk"])
                assert name.startswith(f"{speaker}-{chapter}-")
                assert all((utterance, word) in said for word in row[f"{side}_text"].split())
        kinds = Counter((r["anchor"].rsplit("_", 1)[0], r["type"]) for r in rows)
        assert kinds
        per_type = Counter(r["type"] for r in rows)
        assert per_type["diffspk_positive"] == per_type["diffspk_easyneg"] == per_type["diffspk_hardneg"]
    assert len(names) == len(set(names))  # every row has files of its own
    one = rows_of(folder / "data/libriphrase/libriphrase_diffspk_all_1word.csv")
    hard = {r["comparison_text"] for r in one if r["type"] == "diffspk_hardneg" and r["anchor_text"] == "castle"}
    assert hard == {"castles"}


def test_the_same_seed_builds_the_same_set(built, prepare, tmp_path):
    folder, *_ = built
    flags = ["--build", "train-other-500", "--pairs", "1", "--train", "none", "--dev", "none", "--protocols", "mmkws"]
    prepare(*flags, "--data", str(tmp_path / "again"))
    prepare(*flags, "--data", str(tmp_path / "other"), "--seed", "8")
    sets = [folder / "data", tmp_path / "again", tmp_path / "other"]
    contents = [[p.read_bytes() for p in sorted((s / "libriphrase").glob("*.csv"))] for s in sets]
    assert contents[0] == contents[1] != contents[2]
    content = json.loads((tmp_path / "other/libriphrase/libriphrase.json").read_text())
    assert (content["seed"], content["pairs"], content["parts"]) == (8, 1, ["train-other-500"])
    assert "there already" in prepare(*flags, "--data", str(tmp_path / "other"), "--seed", "8")
    (tmp_path / "other/libriphrase/libriphrase.json").unlink()
    assert "were not built here" in prepare(*flags, "--data", str(tmp_path / "other"), "--seed", "9")


def expansion(rows, protocol, kind):
    """(speech, text, target) of each trial, by the papers' rules."""
    trials = []
    for row in rows:
        a, b, s, t, target = (row[k] for k in ("anchor", "comparison", "anchor_text", "comparison_text", "target"))
        if protocol == "phonmatchnet":
            if row["type"] == f"diffspk_{kind}neg":
                trials += [(a, s, "1"), (a, t, "0"), (b, t, "1"), (b, s, "0")]
        elif row["type"] in (f"diffspk_{kind}neg", "diffspk_positive"):
            trials += [(b, s, target)] + [(a, t, target)] * (protocol == "mmkws")
    return Counter(trials)


@pytest.mark.parametrize("name", LISTS)
def test_trials_are_the_papers_expansions(built, name):
    folder, *_ = built
    protocol, kind = name.removeprefix("test_").rsplit("-", 1)
    files = (folder / f"data/libriphrase/libriphrase_diffspk_all_{words}word.csv" for words in (1, 2, 3, 4))
    rows = [row for path in files for row in rows_of(path)]
    trials, facts = read_records(folder / f"data/trials/{name}.tsv", "trials")
    assert facts["protocol"] == f"{protocol.replace('-', '_')}_{kind}"
    assert facts["repeats"] == "kept"
    assert (facts.get("compat") == "phonmatchnet") == (protocol == "phonmatchnet")
    # A stretch of speech has several names in the CSVs and one here: compare what is said where.
    manifest, _ = read_records(folder / "data/manifests/test.tsv", "manifest")
    spoken = {row["utt_id"]: (row["utt_id"].split("_")[0], row["word"]) for row in manifest.to_pylist()}
    text_of = {row[side]: row[f"{side}_text"] for row in rows for side in ("anchor", "comparison")}
    expected: Counter = Counter()
    for (speech, text, target), count in expansion(rows, protocol, kind).items():
        expected[(speech.rsplit("/", 1)[1].split("_")[0], text_of[speech]), text, int(target)] += count
    found = Counter((spoken[row["utt_id"]], row["enrol_text"], row["target"]) for row in trials.to_pylist())
    assert found == expected


def test_the_tables_have_eer_auc_and_the_extra_column(built):
    folder, _, _out = built
    content = json.loads((folder / "exp/results.json").read_text())["results"]
    trained = {result["trials_name"]: result for result in content if result["model"] == "trained"}
    assert set(LISTS) <= set(trained)
    for name in LISTS:
        scores, _ = read_records(folder / f"exp/scores/trained/{name}.tsv", "scores")
        expected = roc_auc_score(scores["target"].to_numpy(), scores["score"].to_numpy())
        assert trained[name]["auc"]["value"] == pytest.approx(expected)
        assert ("eer_compat" in trained[name]) == ("phonmatchnet" in name)
    assert "EER compat" in (folder / "exp/report/RESULTS.md").read_text()


def test_official_files_and_alignments_give_the_same_trials(built, prepare, tmp_path):
    """The official layout: every segment of the CSVs as a file of its own."""
    folder, *_ = built
    manifest, _ = read_records(folder / "data/manifests/test.tsv", "manifest")
    cut = {(row["utt_id"].split("_")[0], row["word"]): row for row in manifest.to_pylist()}
    for words in (1, 2, 3, 4):
        name = f"libriphrase_diffspk_all_{words}word.csv"
        rows = rows_of(folder / "data/libriphrase" / name)
        for row in rows:
            for side in ("anchor", "comparison"):
                segment = cut[row[side].rsplit("/", 1)[1].split("_")[0], row[f"{side}_text"]]
                path = tmp_path / "wavs/train-other-500" / row[side]
                path.parent.mkdir(parents=True, exist_ok=True)
                audio, rate = soundfile.read(segment["path"], dtype="int16")
                soundfile.write(path, audio[round(segment["start"] * rate) : round(segment["stop"] * rate)], rate)
    lost = next((tmp_path / "wavs").rglob("*_1word_0.wav"))
    lost.unlink()
    flags = ["--train", "none", "--dev", "none", "--wavs", str(tmp_path / "wavs"), "--data", str(tmp_path / "data")]
    flags += ["--csv", "data/libriphrase"]
    assert "this is --strict" in prepare(*flags, "--strict")
    assert not (tmp_path / "data").exists()
    out = prepare(*flags)
    assert f"1 files of LibriPhrase that are missing: train-other-500/{lost.relative_to(lost.parents[2])}" in out
    trials, _ = read_records(tmp_path / "data/trials/test_mmkws-easy.tsv", "trials")
    whole, _ = read_records(folder / "data/trials/test_mmkws-easy.tsv", "trials")
    assert 0 < len(whole) - len(trials) <= 2


def test_a_part_is_not_trained_and_tested_on(prepare, tmp_path):
    out = prepare("--data", str(tmp_path), "--train", "train-other-500", "--csv", str(tmp_path))
    assert "train-other-500: a part cannot be tested on and be in --train" in out
