"""What ``pip install kwskit`` does by itself: every package that it would not bring is refused here."""

import configparser
import importlib.metadata
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from kwskit import extras
from kwskit.speech_model.packaged_models import FOLDER, SELF_CONTAINED

ROOT = Path(__file__).parents[1]
SPEECH = ROOT / "egs" / "spot" / "ask_not.flac"
RUNNING = """
import contextlib, importlib.abc, io, json, sys

class Absent(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in absent:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

absent, commands = json.load(sys.stdin)
sys.meta_path.insert(0, Absent())
import kwskit.serve.server  # what kwskit serve imports
from kwskit.cli import main

for argv in commands:
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        status = main(argv)
    print(json.dumps([status, out.getvalue(), err.getvalue()]))
"""


def requirements(*names):
    """Lines of setup.cfg that the package and some extras ask for."""
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg", encoding="utf-8")
    wanted = setup["options"]["install_requires"]
    for name in names:
        wanted += setup["options.extras_require"][name]
    return [line for line in wanted.splitlines() if line and not line.startswith("#")]


def brought(lines):
    """Names of the packages that pip installs for requirements."""
    waiting, found = list(lines), set()
    while waiting:
        requirement = Requirement(waiting.pop())
        name = canonicalize_name(requirement.name)
        wanted = requirement.marker is None or requirement.marker.evaluate({"extra": ""})
        if wanted and name not in found:
            found.add(name)
            waiting += importlib.metadata.requires(name) or []
    return found


def run(commands, *names):
    """[status, stdout, stderr] of each command, where the package and some extras are installed and nothing else."""
    there = brought(requirements(*names)) | {"kwskit"}
    absent = [
        module
        for module, owners in importlib.metadata.packages_distributions().items()
        if module != "kwskit" and not there & {canonicalize_name(owner) for owner in owners}
    ]
    assert "torch" in absent
    arguments = [[str(word) for word in argv] for argv in commands]
    done = subprocess.run(
        [sys.executable, "-c", RUNNING],
        input=json.dumps([absent, arguments]),
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_the_training_packages_are_those_of_the_extra():
    owners = importlib.metadata.packages_distributions()
    train = {canonicalize_name(Requirement(line).name) for line in requirements("train")} - brought(requirements())
    # Several packages may share a namespace, as those of ruamel do.
    of_modules = [{canonicalize_name(name) for name in owners[module]} for module in extras.TRAINING]
    assert all(names & train for names in of_modules)
    assert train <= set().union(*of_modules)


def test_every_requirement_has_an_upper_bound():
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg", encoding="utf-8")
    free = {"pyarrow", "websockets", "pylance", "setuptools"}  # their major versions say little of what changes
    for line in requirements(*setup["options.extras_require"]):
        requirement = Requirement(line)
        if requirement.name not in free:
            assert {one.operator for one in requirement.specifier} & {"<", "~=", "=="}, line


@pytest.fixture
def country(tmp_path):
    """A recording of two seconds in which somebody says it."""
    samples, rate = soundfile.read(SPEECH)
    soundfile.write(tmp_path / "country.wav", samples[int(5.2 * rate) : int(7.2 * rate)], rate)
    return tmp_path / "country.wav"


def test_spotting_checking_and_calibrating_need_no_extra(tmp_path, country):
    samples, rate = soundfile.read(SPEECH)
    soundfile.write(tmp_path / "long.wav", np.tile(samples, 6), rate)
    spot, scratch, check, calibrate, listed, fetched = run(
        [
            ["spot", "--keyword", "your country", country],
            ["spot", "--model", SELF_CONTAINED, "--keyword", "country", country],
            ["check", "zorblax"],  # in no dictionary: the neural model of g2p_en says how it sounds
            ["calibrate", tmp_path / "long.wav", "--to", tmp_path / "background.npz", "--keyword", "banana"],
            ["models"],
            ["fetch", "--list"],
        ]
    )
    assert [answer[0] for answer in (spot, scratch, check, calibrate, listed, fetched)] == [0] * 6, (check, calibrate)
    assert json.loads(spot[1].splitlines()[0])["keyword"] == "your country"
    assert json.loads(check[1])["keyword"] == "zorblax"
    assert (tmp_path / "background.npz").is_file()
    assert SELF_CONTAINED in listed[1]


def test_searching_needs_the_extra_index_and_no_other(tmp_path, country):
    pytest.importorskip("lancedb")
    commands = [
        ["index", country, "--model", SELF_CONTAINED, "--out", tmp_path / "index"],
        ["search", tmp_path / "index", "country", "--top", "1"],
    ]
    (indexed, _, expected), (searched, hits, _) = run(commands, "index")
    assert (indexed, searched) == (0, 0), expected
    assert json.loads(hits)["path"] == str(country)


def test_other_commands_say_which_extra_they_need(tmp_path):
    run_folder = ["--data", tmp_path, "--exp", tmp_path]
    trained = tmp_path / "trained"
    trained.mkdir()
    (trained / "model.yaml").write_text("")
    training = [
        ["parts"],
        ["align", "--corpus", tmp_path, "--to", tmp_path, "--with", "ctc"],
        ["pack", "--data", tmp_path],
        ["train", "--config", "x.yaml", *run_folder],
        ["adopt", "--model", SELF_CONTAINED, "--exp", tmp_path],
        ["score", *run_folder],
        ["report", *run_folder],
        ["table", "x.yaml", "--config", "x.yaml", *run_folder],
        ["export", SELF_CONTAINED],
    ]
    others = [
        ["spot", "--model", trained, "--keyword", "a", SPEECH],
        ["check", "nova", "--picture", "nova.png"],
        ["index", SPEECH, "--out", tmp_path / "index"],
        ["search", tmp_path / "index", "country"],
    ]
    *answers, spot, check, index, search = run(training + others)
    for argv, (status, _, message) in zip(training, answers, strict=True):
        assert status == 1
        said = f"kwskit {argv[0]}: this needs kwskit's training packages: pip install 'kwskit[train]' (No module named "
        assert message.startswith(said), message
        assert message.count("\n") == 1
    for status, _, message in (index, search):
        assert status == 1
        assert "indexing and searching need LanceDB: pip install 'kwskit[index]'" in message
        assert message.count("\n") == 1
    assert f"{trained} runs in torch" in spot[2]
    assert "pip install 'kwskit[train]'" in spot[2]
    assert "a picture needs Matplotlib: pip install 'kwskit[picture]'" in check[2]


def test_the_self_contained_model_needs_no_network_of_a_package():
    assert json.loads((FOLDER / SELF_CONTAINED / "onnx" / "model.onnx.json").read_text())["network"] is None
