"""recipes/synth/run_table.sh, with a Python that only writes down what it was asked."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PYTHON = """#!/bin/bash
case "$*" in */check_environment.py*) exit 0 ;; esac
(IFS='|'; echo "$*|$KWSKIT_COMMAND") >> "$CALLS"
"""


@pytest.fixture
def run(tmp_path):
    """Calls of Python, and what was told, of run_table.sh with flags."""
    recipe = tmp_path / "a repository/recipes/synth"
    shutil.copytree(ROOT / "tools", tmp_path / "a repository/tools")
    shutil.copytree(ROOT / "recipes/tables", recipe.parent / "tables")
    recipe.mkdir()
    shutil.copy(ROOT / "recipes/synth/run_table.sh", recipe)
    hparams = recipe.parent / "hparams"
    (hparams / "tables").mkdir(parents=True)
    (hparams / "small.yaml").write_text("dim: 1\n")
    (hparams / "tables/small.yaml").write_text("dim: 2\n")
    (recipe / "run.sh").write_text('echo "prepare $*" >> "$CALLS"\n')
    (tmp_path / "env/bin").mkdir(parents=True)
    (tmp_path / "env/bin/python").write_text(PYTHON)
    (tmp_path / "env/bin/python").chmod(0o755)
    calls = tmp_path / "calls"

    def call(*flags: str, status: int = 0) -> tuple[list[str], str]:
        calls.write_text("")
        env = {"PATH": "/usr/bin:/bin", "VIRTUAL_ENV": str(tmp_path / "env"), "CALLS": str(calls)}
        env["HOME"] = os.environ.get("HOME", "/")
        command = ["bash", str(recipe / "run_table.sh"), *flags]
        done = subprocess.run(command, env=env, cwd=tmp_path, capture_output=True, text=True, timeout=60)
        assert done.returncode == status, done.stderr
        return calls.read_text().splitlines(), done.stderr

    return recipe, call


def test_tables_of_a_corpus_that_is_made_first(run):
    recipe, call = run
    (prepared, asked), _ = call("--table", "adml1", "--table=jmcl", "--seeds", "2", "--training.epochs", "-1")
    assert prepared == f"prepare --size small --data {recipe}/data/small --stop_stage 2"
    *words, command = asked.split("|")
    tables = [f"{recipe.parent}/tables/adml1.yaml", f"{recipe.parent}/tables/jmcl.yaml"]
    yamls = ["--config", f"{recipe.parent}/hparams/adml.yaml", "--overlay", f"{recipe.parent}/hparams/small.yaml"]
    yamls += ["--overlay", f"{recipe.parent}/hparams/tables/small.yaml"]
    folders = ["--data", f"{recipe}/data/small", "--exp", f"{recipe}/exp/tables/small"]
    assert words == ["-m", "kwskit", "table", *tables, *yamls, *folders, "--seeds", "2", "--training.epochs", "-1"]
    assert command == "bash recipes/synth/run_table.sh --table adml1 --table=jmcl --seeds 2 --training.epochs -1"


def test_all_tables_of_a_corpus_that_is_there(run, tmp_path):
    recipe, call = run
    (tmp_path / "my data/store/test").mkdir(parents=True)
    flags = ["--table", "all", "--data", "my data", "--exp", "my exp", "--size", "tiny", "--gather-only"]
    (asked,), _ = call(*flags, "--jobs", "2")
    words = asked.split("|")
    assert words[3:8] == [
        f"{recipe.parent}/tables/{name}.yaml" for name in ("adml1", "adml2", "adml3", "adml4", "jmcl")
    ]
    assert words[8:-1] == [
        *("--config", f"{recipe.parent}/hparams/adml.yaml", "--data", "my data", "--exp", "my exp"),
        *("--gather-only", "--jobs", "2"),
    ]


def test_a_table_of_one_s_own(run, tmp_path):
    _, call = run
    (tmp_path / "mine.yaml").write_text("")
    calls, _ = call("--table", "mine.yaml")
    assert calls[1].split("|")[3] == "mine.yaml"


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        ([], "--table is missing"),
        (["--table", "adml5"], "neither"),
        (["--table"], "--table needs a value"),
        (["adml1"], "unexpected 'adml1'"),
        (["--table", "adml1", "--seeds", "0"], "--seeds takes a whole number from 1 to 4096, not '0'"),
        (["--table", "adml1", "--jobs", "two"], "--jobs takes a whole number"),
        (["--table", "adml1", "--size", "tiyn"], "--size: there is no size 'tiyn'"),
        (["--table", "adml1", "--config", "."], "--config: the rows of a table say"),
        (["--table", "adml1", "--plugin", "."], "--plugin: '.' is a folder"),
    ],
)
def test_what_is_wrong_is_told_before_anything_runs(run, flags, message):
    calls, heard = run[1](*flags, status=2)
    assert calls == []
    assert message in heard


def test_a_recipe_s_own_tables_come_before_those_that_are_shared(run, tmp_path):
    recipe, call = run
    shutil.copy(ROOT / "recipes/people_words/run_table.sh", recipe)
    (tmp_path / "data/store/test").mkdir(parents=True)
    (asked,), _ = call("--table", "all", "--data", "data")
    tables = [f"{recipe.parent}/tables/people/adml{number}.yaml" for number in range(1, 5)]
    assert asked.split("|")[3:8] == [*tables, f"{recipe.parent}/tables/jmcl.yaml"]
    calls, heard = call("--table", "jmcl", status=2)
    assert calls == []
    assert f"there is no corpus in {recipe}/data/small yet" in heard
