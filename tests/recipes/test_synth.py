"""The synthetic recipe end to end at its tiny size, as a user runs it."""

import json
import os
import subprocess
from pathlib import Path

import pyarrow.compute as pc
import pytest

from kwskit.records import read_records
from kwskit.systems.model_directory import load_model

pytest.importorskip("hibari", reason="needs the voices of the extra 'voices'")
pytest.importorskip("espeakng_loader", reason="needs the extra 'voices-gpl'")
REPOSITORY = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    root = tmp_path_factory.mktemp("synth run")
    return root / "data", root / "exp"


def run(folders, *flags):
    data, exp = folders
    command = ["bash", REPOSITORY / "recipes/synth/run.sh", "--size", "tiny", "--data", data, "--exp", exp, *flags]
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "OMP_NUM_THREADS": "1"})
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def told(folders):
    return run(folders)


def test_from_nothing_to_a_table_and_a_page(told, folders):
    _, exp = folders
    for stage in range(6):
        assert f"== stage {stage} done" in told
    assert "Average precision" in told
    page = (exp / "report" / "index.html").read_text()
    assert "<audio" in page
    rows = json.loads((exp / "results.json").read_text())["results"]
    assert {(row["model"], row["protocol"]) for row in rows} == {
        (model, protocol)
        for model in ("trained", "untrained")
        for protocol in ("wsj", "libriphrase_easy", "libriphrase_hard")
    }
    assert load_model(exp / "model").system.dim == 64


def test_no_word_and_no_voice_is_in_two_splits(told, folders):
    data, _ = folders
    tables = {s: read_records(data / "manifests" / f"{s}.tsv", "manifest")[0] for s in ("train", "dev", "test")}
    for column in ("word", "speaker"):
        seen = [set(table[column].unique().to_pylist()) for table in tables.values()]
        assert not seen[0] & seen[1]
        assert not seen[0] & seen[2]
        assert not seen[1] & seen[2]


def test_trials_pair_every_test_segment_with_its_word(told, folders):
    data, _ = folders
    manifest, _ = read_records(data / "manifests" / "test.tsv", "manifest")
    trials, facts = read_records(data / "trials" / "test_wsj.tsv", "trials")
    assert facts["protocol"] == "wsj"
    assert facts["seed"].isdigit()
    targets = trials.filter(pc.equal(trials["target"], 1))
    assert dict(zip(targets["utt_id"].to_pylist(), targets["enrol_text"].to_pylist(), strict=True)) == dict(
        zip(manifest["utt_id"].to_pylist(), manifest["word"].to_pylist(), strict=True)
    )
    assert len(trials) == len(manifest) * 30  # a vocabulary of 30 leaves 29 other words, fewer than 50


def test_a_second_run_skips_what_is_done(told, folders):
    _, exp = folders
    before = {p: p.stat().st_mtime_ns for p in [*exp.glob("model/*"), *exp.glob("scores/*/*.tsv")]}
    again = run(folders)
    assert "training is done already" in again
    assert {p: p.stat().st_mtime_ns for p in before} == before


def test_an_override_that_is_another_experiment_is_refused_in_the_same_folder(told, folders):
    data, exp = folders
    command = ["bash", REPOSITORY / "recipes/synth/run.sh", "--size", "tiny", "--data", data, "--exp", exp]
    command += ["--stage", "3", "--stop_stage", "3", "--losses.phn.weight", "0.3"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode != 0
    assert "another configuration" in done.stderr
