"""The example of a recipe, copied elsewhere as its README says, from nothing to the report."""

import csv
import json
import re
import subprocess
from pathlib import Path

import pytest
import soundfile

from kwskit.data.records import read_records

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def readme():
    """The README's commands."""
    (block,) = re.findall(r"```\n(.*?)```", (ROOT / "egs/plugin_recipe/README.md").read_text(), re.S)
    return block.strip()


@pytest.fixture
def run(tmp_path, forked_python):
    """Runs lines of the README, with flags behind the last; what it puts beside the repository lies in ``tmp_path``."""

    def start(lines: str, *flags: object) -> subprocess.CompletedProcess[str]:
        script = " ".join([lines.replace("../", f"{tmp_path}/"), "--ngpu 0 --jobs 2", *map(str, flags)])
        return subprocess.run(
            ["bash", "-ec", script], capture_output=True, text=True, env=forked_python.environ(), cwd=ROOT, timeout=600
        )

    return start


def test_from_nothing_to_the_report(run, readme, tmp_path):
    folder = tmp_path / "my_corpus"
    done = run(readme, "--training.epochs 1 --training.passes 1")
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    words = {path.stem.split("-")[0] for path in (folder / "data/tiny/recordings/speaker0").iterdir()}
    splits = {}
    for split in ("train", "dev", "test"):
        table, _ = read_records(folder / f"data/tiny/manifests/{split}.tsv", "manifest")
        splits[split] = table
        for row in table.to_pylist()[:5]:
            speaker, word = Path(row["path"]).parent.name, Path(row["path"]).stem.split("-")[0]
            assert (row["speaker"], row["word"]) == (speaker, word)
            assert row["stop"] == pytest.approx(soundfile.info(row["path"]).frames / 16_000, abs=1e-3)
    for column in ("word", "speaker"):
        own = [set(table[column].to_pylist()) for table in splits.values()]
        assert len(set.union(*own)) == sum(map(len, own)), f"one {column} in two splits"
    assert set.union(*(set(table["word"].to_pylist()) for table in splits.values())) <= words
    with (folder / "data/tiny/trials/test_wsj.tsv").open() as source:
        next(source)
        trials = list(csv.DictReader(source, delimiter="\t"))
    assert len(trials) == 10 * len(splits["test"]) == 10 * sum(int(row["target"]) for row in trials)
    results = json.loads((folder / "exp/tiny/results.json").read_text())["results"]
    assert {entry["model"] for entry in results} >= {"trained"}
    assert "Pictures and sounds" in done.stdout


def test_a_folder_without_recordings_is_refused(run, tmp_path):
    done = run("bash egs/plugin_recipe/run.sh --stop_stage 1 --data ../data --corpus ../")
    assert done.returncode == 1
    assert f"prepare: {tmp_path}: expected recordings/SPEAKER/WORD-TAKE.wav there" in done.stderr
