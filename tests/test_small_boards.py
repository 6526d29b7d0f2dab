"""A Raspberry Pi, 64 bit, installs what listens at home from wheels, without torch."""

import configparser
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
EXTRAS = ("mic", "wyoming")
# Of Raspberry Pi OS 12, with Python 3.11 and glibc 2.36; pip takes each of them by itself.
PLATFORMS = [f"manylinux_2_{minor}_aarch64" for minor in range(36, 16, -1)] + ["manylinux2014_aarch64"]
# Has no wheel on PyPI; pip builds one where it is installed, for which it needs no compiler.
PURE = "distance"


def requirements():
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg", encoding="utf-8")
    wanted = setup["options"]["install_requires"]
    wanted += "".join(setup["options.extras_require"][name] for name in EXTRAS)
    return [line for line in wanted.splitlines() if line and not line.startswith("#")]


def pip(*words):
    return subprocess.run(
        [sys.executable, "-m", "pip", *map(str, words)], capture_output=True, text=True, timeout=1800, cwd=ROOT
    )


@pytest.fixture
def pure_wheels(tmp_path):
    """A folder with the wheel that any machine builds of ``PURE``: its name says that it fits all of them."""
    built = pip("wheel", "--no-deps", "--wheel-dir", tmp_path / "wheels", PURE)
    if built.returncode:
        pytest.skip("the package index cannot be reached")
    (wheel,) = (tmp_path / "wheels").iterdir()
    assert wheel.name.endswith("-none-any.whl")
    return tmp_path / "wheels"


@pytest.mark.skipif("KWSKIT_INDEX" not in os.environ, reason="asks the package index for minutes: KWSKIT_INDEX=1")
@pytest.mark.parametrize("python", ["3.11", "3.13"])
def test_pip_resolves_wheels_for_it_without_torch(python, pure_wheels, tmp_path):
    places = [word for platform in PLATFORMS for word in ("--platform", platform)]
    report = tmp_path / "report.json"
    done = pip(
        *("install", "--dry-run", "--ignore-installed", "--only-binary", ":all:", "--python-version", python),
        *("--target", tmp_path / "none", "--find-links", pure_wheels, "--report", report, *places, *requirements()),
    )
    assert done.returncode == 0, done.stderr[-2000:]
    chosen = json.loads(report.read_text("utf-8"))["install"]
    wheels = {one["metadata"]["name"].lower(): one["download_info"]["url"].rpartition("/")[2] for one in chosen}
    assert {"numpy", "onnxruntime", "soundfile", "sounddevice", "wyoming"} <= wheels.keys()
    assert not {"torch", "torchaudio", "speechbrain", "scipy", "pyarrow"} & wheels.keys()
    for wheel in wheels.values():
        assert wheel.endswith(("any.whl", "aarch64.whl")), wheel
    assert "aarch64" in wheels["onnxruntime"]
