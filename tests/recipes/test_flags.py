"""run.sh --help of every recipe against the parser of its prepare.py."""

import argparse
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
RECIPES = sorted(path.parent.name for path in ROOT.glob("recipes/*/run.sh"))
HANDED_OVER = {"--data", "--size", "--seed", "--jobs", "--executor", "--strict"}
OF_RUN_SH = {"finetune": {"--epochs", "--out"}, "king_asr_066": {"--musan", "--rirs"}}


def run(recipe: str, *flags: str) -> subprocess.CompletedProcess[str]:
    """``run.sh`` as in a fresh clone: with some Python, and no environment."""
    path = os.pathsep.join([str(Path(sys.executable).parent), "/usr/bin", "/bin"])
    command = ["bash", str(ROOT / f"recipes/{recipe}/run.sh"), *flags]
    return subprocess.run(command, capture_output=True, text=True, env={"PATH": path}, timeout=60)


@pytest.fixture
def flags_of(stage_one, monkeypatch):
    """The flags of a recipe's stage 1 that take a value, as argparse has them."""

    class Parsing(Exception):
        pass

    def stop(parser, *_):
        raise Parsing(parser)

    def flags(recipe: str) -> list[argparse.Action]:
        main = stage_one(recipe)
        monkeypatch.setattr(argparse.ArgumentParser, "parse_args", stop)
        with pytest.raises(Parsing) as parsing:
            main([])
        return [action for action in parsing.value.args[0]._actions if action.nargs != 0]

    return flags


@pytest.mark.parametrize("recipe", RECIPES)
def test_help_shows_every_flag_of_stage_1_once(recipe, flags_of):
    had_environment = (ROOT / ".venv").exists()
    done = run(recipe, "--help")
    assert done.returncode == 0, done.stderr
    assert (ROOT / ".venv").exists() == had_environment
    shown = re.findall(r"^  (--\w+) ", done.stdout, re.MULTILINE)
    assert len(shown) == len(set(shown))
    paragraphs = re.split(r"\n(?=  --)", done.stdout.partition("Of this corpus:")[2].rstrip("\n"))[1:]
    words = {paragraph.split()[0]: paragraph.split() for paragraph in paragraphs}
    declared = {flag.option_strings[0]: flag for flag in flags_of(recipe)}
    assert declared.keys() >= HANDED_OVER - {"--strict"}
    assert words.keys() == declared.keys() - HANDED_OVER | OF_RUN_SH.get(recipe, set())
    for name in declared.keys() - HANDED_OVER:
        flag = declared[name]
        assert words[name] == [name, flag.metavar, *(flag.help % vars(flag)).split()]
        stated = re.search(r"\(default ([^)]*)\)", flag.help % vars(flag))
        assert stated is None or stated[1] == str(flag.default)


@pytest.mark.parametrize("recipe", RECIPES)
def test_unknown_flags_are_refused(recipe):
    needed = ["--model", "english-small", *(["--words", "."] if recipe == "finetune" else [])]
    done = run(recipe, *needed, "--corpsu", "3")
    assert done.returncode == 2
    assert done.stderr.startswith("run.sh: --corpsu is no flag of this script (see --help) and no key of ")
    assert done.stdout == ""
