"""Models fetched from a stand-in for the Hugging Face Hub, by processes of their own with its settings."""

import json
import os
import subprocess
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest

from kwskit.spotting.spotter import Spotter

pytest.importorskip("huggingface_hub")

ROOT = Path(__file__).parents[2]
OPEN = """
import json, sys
from kwskit.speech_model.model_source import ModelSource
from kwskit.spotting.spotter import Spotter
for name in sys.argv[1:]:
    try:
        source = ModelSource.find(name)
        spotter = Spotter.load(name)
        opened = [type(spotter.model).__name__, spotter.model.name, spotter.enrol("tiger").threshold]
        told = [str(source.directory), source.model_id, source.shared, *opened]
    except Exception as error:
        told = [type(error).__name__, str(error)]
    print(json.dumps(told))
"""
STRANGE = ("model.pkl", "pytorch_model.bin", "run.py", ".gitattributes", "onnx/model.pkl", "more/model.safetensors")
TRAP = "tokenizer: !tokenizer:phoneme {stress: true}\nsystem: !new:pathlib.Path [trap]\n"


def hub_server():
    path = Path(__file__).with_name("hub_server.py")
    spec = spec_from_file_location("hub_server", path)
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def files(released):
    """Of the released model, by path."""
    paths = [path for path in released.glob("**/*") if path.is_file()]
    return {str(path.relative_to(released)): path.read_bytes() for path in paths}


@pytest.fixture
def hub(files):
    """The server, with a model that is exported too, one that is not, and what is no model."""
    trained = {name: content for name, content in files.items() if not name.startswith("onnx/")}
    repositories = {
        "me/nova": {**files, **dict.fromkeys(STRANGE, b"strange")},
        "me/trained": trained,
        "me/trap": {**trained, "model.yaml": TRAP.encode()},
        "me/other": {"config.json": b"{}", "model.safetensors": b"0" * 1000, "README.md": b"# other\n"},
        "me/gated": files,
    }
    server = hub_server().HubServer(repositories, {"me/gated"})
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def run(hub, tmp_path):
    """Runs a Python program in an empty folder, with settings of the Hub."""
    (tmp_path / "empty").mkdir()

    def program(*arguments, **environment):
        settings = {"HF_ENDPOINT": hub.url, "HF_HOME": str(tmp_path / "cache"), "HF_HUB_DISABLE_PROGRESS_BARS": "1"}
        settings["NO_PROXY"] = settings["no_proxy"] = "127.0.0.1"
        settings["PYTHONPATH"] = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
        return subprocess.run(
            [sys.executable, *arguments],
            capture_output=True,
            text=True,
            cwd=tmp_path / "empty",
            env={**os.environ, **settings, **environment},
            timeout=120,
        )

    return program


@pytest.fixture
def opened(run):
    """What is told of models by their names; an error is its class and message."""

    def found(*names, **environment):
        done = run("-c", OPEN, *names, **environment)
        assert done.returncode == 0, done.stderr
        return [json.loads(line) for line in done.stdout.splitlines()]

    return found


def test_a_model_is_fetched_once_and_opened_as_one_that_is_here(hub, opened, files, released, tmp_path):
    (exported,) = opened("me/nova", HF_TOKEN="hf_mine")
    folder, message, shared, kind, _, threshold = exported
    assert Path(folder).is_relative_to(tmp_path / "cache")
    assert (message, shared, kind) == ("me/nova", True, "OnnxModel")
    assert threshold == pytest.approx(Spotter.load(released).enrol("tiger").threshold, abs=1e-3)
    # Nothing but a model's own files, and each once: no pickle, no code, no other weights.
    assert hub.downloads() == sorted(files)
    assert "Bearer hf_mine" in hub.tokens
    (again,) = opened("me/nova")
    assert again == exported
    assert hub.downloads() == []
    hub.repositories.clear()
    assert opened("me/nova", HF_HUB_OFFLINE="1") == [exported]
    assert hub.asked == []
    assert opened("me/nova", HF_ENDPOINT="http://127.0.0.1:9") == [exported]


def test_a_trained_model_is_called_after_its_repository(hub, opened, released):
    (message,) = opened("me/trained@v1")
    assert message[1:5] == ["me/trained@v1", True, "TorchModel", "me/trained"]
    assert any("/me/trained/revision/v1" in line for line in hub.asked)


def test_what_cannot_be_had_is_told(hub, opened):
    names = ("me/nothing", "me/gated", "me/nova@v9", "me/other", "a--b/c")
    nothing, gated, revision, other, invalid = opened(*names)
    assert nothing == [
        "ModelError",
        f"me/nothing is no directory, and {hub.url} has no such repository (a private one needs HF_TOKEN)",
    ]
    assert gated == ["ModelError", f"me/gated has to be asked for at {hub.url}/me/gated, and HF_TOKEN must be yours"]
    assert revision == ["ModelError", "me/nova@v9: the repository me/nova has no revision v9"]
    marks = "model.yaml and no model.onnx.json and no onnx/model.onnx.json"
    assert other == ["ModelError", f"me/other at {hub.url} is no model of kwskit: it has no {marks}"]
    assert invalid[0] == "ModelError"
    assert invalid[1].startswith(f"a--b/c cannot be fetched from {hub.url}: ")
    assert hub.downloads() == []  # nothing of what is no model


def test_what_is_not_in_the_cache_cannot_be_had_without_a_network(opened, tmp_path):
    cache = tmp_path / "cache/hub"
    begin = f"me/nova is no directory, and not, or not wholly, in the cache {cache}, while"
    assert opened("me/nova", HF_HUB_OFFLINE="1") == [["ModelError", f"{begin} HF_HUB_OFFLINE is set"]]
    unreachable = "http://127.0.0.1:9"
    assert opened("me/nova", HF_ENDPOINT=unreachable) == [["ModelError", f"{begin} {unreachable} cannot be reached"]]


def test_a_stranger_s_model_runs_nothing(opened):
    ((kind, message),) = opened("me/trap")
    assert kind == "HparamsError"
    assert "model.yaml: only registry tags and plain values are allowed here" in message


def test_the_commands(run, files):
    done = run("-m", "kwskit", "models", "me/nova")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("# english-small\n")
    assert f"all {len(files) - 1} files are as released" in done.stdout
    done = run("-m", "kwskit", "calibrate", "--model", "me/nova", "noise.wav")
    assert done.returncode == 2
    assert "me/nova is of the package or of the Hub, and its directory stays as it is" in done.stderr


def test_without_the_library_the_extra_is_named(run):
    without = "import sys\nsys.modules['huggingface_hub'] = None\n"
    done = run("-c", without + OPEN, "me/nova")
    assert json.loads(done.stdout) == [
        "ImportError",
        "me/nova is no directory; to fetch it from the Hugging Face Hub: pip install 'kwskit[hub]'",
    ]
