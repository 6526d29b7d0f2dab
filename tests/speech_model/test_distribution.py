"""Packaged models are in what is installed and in what is uploaded, and git keeps them."""

import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from kwskit.speech_model import packaged_models

ROOT = Path(__file__).parents[2]
BUILDER = "tools/carry_recipes.py"
BUILD = "from setuptools import build_meta\nbuild_meta.build_sdist('dist')\nbuild_meta.build_wheel('dist')\n"


@pytest.fixture(scope="module")
def built(released, tmp_path_factory):
    """(names in the wheel, names in the source distribution, those of all models' files), of a copy with a model more.

    The copy has little of the package but the models: what else is built is no matter here.
    """
    folder = tmp_path_factory.mktemp("built")
    for name in ("setup.cfg", "pyproject.toml", "README.md", "LICENSE", "kwskit/__init__.py", "kwskit/cli.py", BUILDER):
        (folder / name).parent.mkdir(exist_ok=True)
        shutil.copyfile(ROOT / name, folder / name)
    models = Path("kwskit/models")
    shutil.copytree(ROOT / models, folder / models, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(released, folder / models / "stand-in")
    (folder / models / "__pycache__").mkdir()
    (folder / models / "__pycache__/x.pyc").touch()
    done = subprocess.run([sys.executable, "-c", BUILD], cwd=folder, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr[-2000:]
    (wheel,) = folder.glob("dist/*.whl")
    (source,) = folder.glob("dist/*.tar.gz")
    with zipfile.ZipFile(wheel) as archive:
        of_wheel = {name for name in archive.namelist() if name.startswith("kwskit/")}
    with tarfile.open(source) as archive:
        of_source = {member.name.partition("/")[2] for member in archive.getmembers() if member.isfile()}
    files = (path for path in (folder / models).glob("**/*") if path.is_file() and path.suffix != ".pyc")
    return of_wheel, of_source, {str(path.relative_to(folder)) for path in files}


def test_every_file_of_every_model_is_in_the_wheel(built):
    wheel, _, files = built
    assert len(files) > 10
    assert {name for name in wheel if name.startswith("kwskit/models/")} == files


def test_every_file_of_every_model_is_in_the_source_distribution(built):
    _, source, files = built
    assert {name for name in source if name.startswith("kwskit/models/")} == files


def test_git_keeps_every_file_of_a_model(released):
    if not (ROOT / ".git").exists():
        return  # of an unpacked source distribution
    paths = [f"kwskit/models/some/{path.relative_to(released)}" for path in released.glob("**/*") if path.is_file()]
    command = ["git", "-C", str(ROOT), "check-ignore", "--no-index", "--", *paths]
    environment = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull}
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert (done.returncode, done.stdout) == (1, ""), done.stderr


def test_a_packaged_model_is_small_enough_to_be_installed():
    # What is on PyPI is at most 100 MB, and git keeps every version.
    for name in packaged_models.names():
        sizes = [path.stat().st_size for path in (packaged_models.FOLDER / name).glob("**/*") if path.is_file()]
        assert sum(sizes) < 40e6, name
