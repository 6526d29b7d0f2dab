"""``kwskit new``: what it writes passes its own tests, and fails them when it is broken."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from kwskit.cli import main

ROOT = Path(__file__).parents[1]
PARTS = ("loss", "encoder", "aligner", "pooler")


def run_tests(folder: Path) -> str:
    """What pytest says of a folder, from outside the repository and its settings."""
    (folder / "pytest.ini").write_text("[pytest]\naddopts = --import-mode=importlib\n")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-rfE", "--tb=no", str(folder)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        command, capture_output=True, text=True, cwd=folder, env=environment, timeout=300, check=False
    ).stdout


@pytest.fixture(scope="module")
def begun(tmp_path_factory):
    """A folder with one of each part, a recipe, and a broken copy of each part."""
    folder = tmp_path_factory.mktemp("begun")
    for kind in PARTS:
        assert main(["new", kind, f"my_{kind}", "--to", str(folder)]) == 0
        assert main(["new", kind, f"bad_{kind}", "--to", str(folder)]) == 0
    assert main(["new", "recipe", "whistles", "--to", str(folder)]) == 0
    for kind, good, bad in (
        ("loss", "* unlike", "* ~unlike"),
        ("encoder", "(feats * valid)", "(feats)"),
        ("aligner", "audio_mask.unsqueeze(1)", "audio_mask.unsqueeze(1).logical_not()"),
        ("pooler", ".amax(1)", ".amin(1)"),
    ):
        path = folder / f"bad_{kind}.py"
        assert path.read_text().count(good) == 1
        path.write_text(path.read_text().replace(good, bad))
    return folder


def test_generated_tests_pass_and_notice_what_is_broken(begun):
    told = run_tests(begun)
    lines = told.splitlines()
    failed = {line.split("::")[0].removeprefix("FAILED ") for line in lines if line.startswith("FAILED")}
    assert failed == {f"test_bad_{kind}.py" for kind in PARTS}, told
    assert not [line for line in lines if line.startswith("ERROR")], told
    assert int(told.split(" passed")[0].split()[-1]) >= 7, told


@pytest.mark.parametrize("kind", PARTS)
def test_files_carry_the_name(begun, kind):
    texts = [(begun / f"{prefix}my_{kind}.py").read_text() for prefix in ("", "test_")]
    assert f'@register("{kind}", "my_{kind}")\nclass My{kind.capitalize()}(' in texts[0]
    assert f'"{kind}", "my_{kind}"' in texts[1]
    assert not any(word in text for text in texts for word in ("my_part", "MyPart"))


def test_a_recipe_asks_the_kwskit_on_path_for_its_runner(begun):
    folder = begun / "whistles"
    assert "KWSKIT_ROOT" not in (folder / "README.md").read_text()
    assert "## Make it yours" in (folder / "README.md").read_text()
    assert {path.name for path in folder.iterdir()} >= {"run.sh", "prepare.py", "README.md", "test_whistles.py"}
    assert '. "${KWSKIT_ROOT:-$(kwskit recipe root)}/tools/recipe.sh"' in (folder / "run.sh").read_text()


@pytest.mark.parametrize(
    ("argv", "status", "message"),
    [
        (["loss", "MyLoss"], 2, "'MyLoss': a name has lower-case letters"),
        (["loss", "../x"], 2, "'../x': a name has"),
        (["pooler", "mean"], 1, "there is a pooler 'mean' already: kwskit parts pooler mean"),
        (["tokenizer", "mine"], 2, "invalid choice: 'tokenizer'"),
    ],
)
def test_what_cannot_be_begun_is_told(argv, status, message, tmp_path, capsys):
    assert main(["new", *argv, "--to", str(tmp_path)]) == status
    assert message in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("there", ["mine.py", "test_mine.py"])
def test_nothing_is_overwritten(there, tmp_path, capsys):
    (tmp_path / there).write_text("precious")
    assert main(["new", "loss", "mine", "--to", str(tmp_path)]) == 1
    assert f"{there} is there already" in capsys.readouterr().err
    assert [path.read_text() for path in tmp_path.iterdir()] == ["precious"]
