"""Recipes of an installed kwskit: a wheel is built and unpacked where pip would put it, and a recipe copied from it."""

import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest
import soundfile

from kwskit import recipe_folder
from kwskit.cli import main
from kwskit.errors import RecipeError

ROOT = Path(__file__).parents[2]
RECIPES = sorted(path.parent.name for path in ROOT.glob("recipes/*/run.sh"))
BUILD = "from setuptools import build_meta\nbuild_meta.build_sdist('dist')\nbuild_meta.build_wheel('dist')\n"


def files(folder: Path) -> dict[str, bytes]:
    """Path -> bytes of what git would keep of a folder of the repository."""
    return {
        str(path.relative_to(ROOT)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and not {"data", "exp", "__pycache__"} & set(path.relative_to(ROOT).parts[2:-1])
    }


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """(site-packages with the unpacked wheel, names in the source distribution), without models, for they are big."""
    source = tmp_path_factory.mktemp("source")
    for name in ("kwskit", "recipes", "egs/plugin_recipe", "tools"):
        models = shutil.ignore_patterns(
            *(["*.onnx", "*.safetensors", "*.npz"] if name == "kwskit" else ["data", "exp"])
        )
        shutil.copytree(ROOT / name, source / name, ignore=models)
    for name in ("setup.cfg", "pyproject.toml", "README.md", "LICENSE", "CONTRIBUTING.md"):
        shutil.copyfile(ROOT / name, source / name)
    for left in ("recipes/synth/data/tiny/store/x.py", "recipes/synth/exp/y.yaml", "egs/plugin_recipe/data/z.md"):
        (source / left).parent.mkdir(parents=True)
        (source / left).touch()
    done = subprocess.run([sys.executable, "-c", BUILD], cwd=source, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-2000:]
    site = tmp_path_factory.mktemp("installed") / "site packages"
    with zipfile.ZipFile(next(source.glob("dist/*.whl"))) as archive:
        archive.extractall(site)
    with tarfile.open(next(source.glob("dist/*.tar.gz"))) as archive:
        names = {member.name.partition("/")[2] for member in archive.getmembers() if member.isfile()}
    return site, names


@pytest.fixture(scope="module")
def shell(built, tmp_path_factory, forked_python):
    """Runs a line of bash by the installed kwskit, which is on PATH; anything of the checkout is out of sight."""
    programs = tmp_path_factory.mktemp("bin")
    (programs / "kwskit").write_text(f'#!/bin/sh\nexec "{forked_python.program}" -m kwskit "$@"\n')
    (programs / "kwskit").chmod(0o755)
    path = [programs, forked_python.program.parent, Path(sys.prefix) / "bin", "/usr/bin", "/bin"]
    environment = {**os.environ, "PATH": os.pathsep.join(map(str, path)), "PYTHONPATH": str(built[0])}
    environment.pop("VIRTUAL_ENV", None)

    def run(line: str, cwd: Path, status: int = 0) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            ["bash", "-c", line], capture_output=True, text=True, cwd=cwd, env=environment, timeout=300
        )
        assert done.returncode == status, done.stdout[-2000:] + done.stderr[-2000:]
        return done

    return run


def test_a_wheel_carries_the_recipes_as_they_are_and_nothing_that_runs_left(built):
    share = built[0] / "kwskit/share"
    carried = {str(path.relative_to(share)): path.read_bytes() for path in share.rglob("*") if path.is_file()}
    recipes = files(ROOT / "recipes")
    assert len(recipes) > 100
    assert {name: data for name, data in carried.items() if name.startswith("recipes/")} == recipes
    assert {name for name in carried if name.startswith("egs/")} == set(files(ROOT / "egs/plugin_recipe"))
    sourced = {name.decode() for name in re.findall(rb"tools/\w+\.(?:sh|py)", b"\n".join(carried.values()))}
    assert {name for name in carried if name.startswith("tools/")} >= {"tools/recipe.sh", "tools/env.sh"}
    assert {"tools/recipe.sh", "tools/flags.sh", "tools/recipe_flags.py"} <= sourced & set(carried)


def test_a_source_distribution_has_what_the_wheel_is_built_of(built):
    assert set(files(ROOT / "recipes")) | {"tools/carry_recipes.py", "tools/lint.sh", "CONTRIBUTING.md"} <= built[1]
    assert not [name for name in built[1] if "/exp/" in name or name.endswith(".pyc")]


@pytest.mark.parametrize("recipe", RECIPES)
def test_a_copy_is_whole_and_names_nothing_outside_it(recipe, tmp_path):
    folder = tmp_path / "mine"
    recipe_folder.copy_recipe(recipe, folder)
    own = {Path(name).relative_to(f"recipes/{recipe}") for name in files(ROOT / "recipes" / recipe)}
    folders = (ROOT / "recipes/hparams", ROOT / "recipes/tables")
    shared = {Path(name).relative_to("recipes") for folder in folders for name in files(folder)}
    assert not own & shared, "the copy has one of both"
    copied = [path for path in folder.rglob("*") if path.is_file()]
    assert {path.relative_to(folder) for path in copied} == own | shared
    for path in copied:
        if path.suffix == ".safetensors":
            assert path.read_bytes() == (ROOT / "recipes" / recipe / path.relative_to(folder)).read_bytes()
            continue
        text = path.read_text()
        assert f"recipes/{recipe}/" not in text, path
        for link in re.findall(r"\]\(([^)#]+)", text) if path.suffix == ".md" else []:
            assert "://" in link or (path.parent / link).exists(), f"{path}: {link}"
        for overlay in re.findall(r"(?<![$\w/])(?:[\w.]+/)*hparams/[a-z_/]+\.yaml", text):
            assert (path.parent / overlay).exists() or (folder / overlay).exists(), f"{path}: {overlay}"


def test_a_recipe_runs_where_it_was_copied_to_and_can_be_edited(shell, built, tmp_path, tiny_model, sing):
    shell("kwskit recipe copy finetune mine", tmp_path)
    for word in ("violet", "copper"):
        for speaker in range(3):
            path = tmp_path / f"mine/words/{word}/s{speaker}/a.wav"
            path.parent.mkdir(parents=True)
            soundfile.write(path, np.tile(sing(word, speaker, 0), 2), 16_000)
    edited = tmp_path / "mine/hparams/finetune.yaml"
    edited.write_text(edited.read_text().replace("passes: 20", "passes: 1").replace("epochs: 5", "epochs: 1"))
    flags = f"--ngpu 0 --jobs 1 --words words --split_speakers 0 --out exp/own --model '{tiny_model}'"
    done = shell(f"bash run.sh --stage 1 --stop_stage 3 {flags}", tmp_path / "mine")
    assert "epoch 1/1 " in done.stdout
    assert (tmp_path / "mine/exp/own/model/model.safetensors").is_file()
    assert not [path for path in built[0].rglob("*") if path.is_dir() and path.name in ("exp", ".venv")]


def test_what_an_environment_lacks_is_told_with_the_command_that_brings_it(shell, built, tmp_path):
    shell("kwskit recipe copy synth mine", tmp_path)
    (metadata,) = built[0].glob("*.dist-info/METADATA")
    text = metadata.read_text()
    metadata.write_text(text.replace("\n\n", '\nRequires-Dist: no-such-voice>=3; extra == "voices"\n\n', 1))
    try:
        done = shell("bash run.sh --stage 1 --stop_stage 1", tmp_path / "mine", status=1)
    finally:
        metadata.write_text(text)
    assert "lacks no-such-voice>=3: python -m pip install 'kwskit[train,voices,voices-gpl]'" in done.stderr


def test_recipes_do_not_run_inside_the_package(shell, built, tmp_path):
    root = Path(shell("kwskit recipe root", tmp_path).stdout.strip())
    assert root == built[0] / "kwskit/share"
    done = shell(f"bash '{root}/recipes/synth/run.sh' --stage 1", tmp_path, status=2)
    assert "kwskit recipe copy synth DIR" in done.stderr
    assert "--words N" in shell(f"bash '{root}/recipes/english_small/run.sh' --help", tmp_path).stdout


def test_recipes_are_listed_by_their_first_sentence(capsys):
    assert main(["recipe", "list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == RECIPES
    assert all(20 < len(line) < 160 for line in lines)


def test_nothing_is_copied_over(tmp_path, capsys):
    (tmp_path / "mine").mkdir()
    recipe_folder.copy_recipe("wsj", tmp_path / "mine")
    assert main(["recipe", "copy", "wsj", str(tmp_path / "mine")]) == 1
    assert "a folder that is new or empty" in capsys.readouterr().err
    with pytest.raises(RecipeError, match="no recipe 'hparams'; there are: common_voice,"):
        recipe_folder.copy_recipe("hparams", tmp_path / "other")
    assert not (tmp_path / "other").exists()
