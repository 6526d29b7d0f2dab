"""recipes/synth from nothing to its report, tiny, and what its files say of it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from sklearn.metrics import average_precision_score

from kwskit.data.records import read_records
from kwskit.text.lexicon import read_lexicon

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def recipe(tmp_path_factory, run_recipe):
    """Runs run.sh with flags."""
    check = [sys.executable, str(ROOT / "tools/check_environment.py"), str(ROOT), "voices,voices-gpl"]
    if lacks := subprocess.run(check, capture_output=True, text=True).stdout.strip():
        pytest.skip(f"this environment lacks {lacks}")
    folder = tmp_path_factory.mktemp("synth run")

    def run(*flags: str) -> str:
        places = ["--data", folder / "data", "--exp", folder / "exp"]
        return run_recipe("synth", "--size", "tiny", *places, "--training.epochs", "1", *flags, cwd=folder).stdout

    return folder, run


@pytest.fixture(scope="module")
def finished(recipe):
    folder, run = recipe
    return folder, run()


def test_words_and_voices_of_the_splits_are_disjoint(finished):
    folder, _ = finished
    tables = {split: read_records(folder / f"data/manifests/{split}.tsv", "manifest")[0] for split in ("train", "test")}
    for column in ("word", "speaker", "utt_id"):
        train, test = (set(table[column].to_pylist()) for table in tables.values())
        assert train
        assert test
        assert train.isdisjoint(test), column
    words = set(tables["train"]["word"].to_pylist()) | set(tables["test"]["word"].to_pylist())
    assert words <= set(read_lexicon(folder / "data/lexicon.tsv"))


def test_the_table_is_that_of_the_score_files(finished):
    folder, out = finished
    result = json.loads((folder / "exp/results.json").read_text())
    assert result
    scores, facts = read_records(folder / "exp/scores/trained/test_wsj.tsv", "scores")
    assert facts["protocol"] == "wsj"
    expected = average_precision_score(scores["target"].to_numpy(), scores["score"].to_numpy())
    assert f"| AP | {100 * expected:.1f} [" in out
    assert f"| AP | {100 * expected:.1f} [" in (folder / "exp/report/RESULTS.md").read_text()


def test_the_page_stands_alone(finished):
    folder, out = finished
    page = (folder / "exp/report/index.html").read_text()
    assert 'src="http' not in page
    assert f"Pictures and sounds: {folder}/exp/report/index.html" in out


def test_repeating_a_stage_keeps_what_is_done(recipe, finished):
    folder, run = recipe
    names = ("data/audio", "data/manifests", "data/trials", "exp/model")
    before = {path: path.read_bytes() for name in names for path in (folder / name).rglob("*.*")}
    out = run("--stage", "1", "--stop_stage", "3")
    assert "there already" in out
    assert "training is done already" in out
    assert {path: path.read_bytes() for path in before} == before
