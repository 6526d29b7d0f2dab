"""The notebooks are stored as a reader begins with them, and run whole without a network."""

import configparser
import csv
import itertools
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NOTEBOOKS = sorted((ROOT / "egs/notebooks").glob("*.ipynb"))
INSTALL = re.compile(r'%pip install --quiet "kwskit\[([\w,-]+)\]"')


def cells(path, kind="code"):
    return [cell for cell in json.loads(path.read_text("utf-8"))["cells"] if cell["cell_type"] == kind]


def extras(path):
    return INSTALL.fullmatch("".join(cells(path)[0]["source"]))[1]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_stored_without_what_a_run_leaves(path):
    for cell in cells(path):
        assert (cell["outputs"], cell["execution_count"]) == ([], None)
        assert set(cell["metadata"]) <= {"tags"}
    kinds = [cell["cell_type"] for cell in json.loads(path.read_text("utf-8"))["cells"]]
    assert len(kinds) < 20
    assert kinds[0] == "markdown"
    assert ("code", "code") not in itertools.pairwise(kinds), "text between"


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_one_line_installs_what_it_needs_and_is_no_part_of_a_run(path):
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg", encoding="utf-8")
    assert set(extras(path).split(",")) <= set(setup["options.extras_require"])
    tagged = [cell["metadata"].get("tags") for cell in cells(path)]
    assert tagged == [["skip-execution"], *[None] * (len(tagged) - 1)]
    assert f"({path.name})" in (path.parent / "README.md").read_text("utf-8")


class Run:
    """A notebook that has run in a folder: what its cells have printed and shown."""

    def __init__(self, folder, notebook):
        outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
        self.folder = folder
        self.text = "".join(output.text for output in outputs if output.get("name") == "stdout")
        self.shown = [output.data for output in outputs if "data" in output]

    def count(self, kind, holding=""):
        """How many things of a kind are shown."""
        return sum(kind in data and holding in data[kind] for data in self.shown)


@pytest.fixture
def run(tmp_path, monkeypatch, forked_python):
    """Runs a notebook in an empty folder, with the kwskit of this checkout."""
    nbclient = pytest.importorskip("nbclient", reason="nbclient, of the extra dev, is not installed")
    pytest.importorskip("ipykernel", reason="ipykernel, of the extra dev, is not installed")
    nbformat = pytest.importorskip("nbformat")
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "kwskit").write_text('#!/bin/sh\nexec python -m kwskit "$@"\n')
    (programs / "kwskit").chmod(0o755)
    for name, value in forked_python.environ(programs).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))

    def whole(name):
        path = ROOT / f"egs/notebooks/{name}.ipynb"
        check = [sys.executable, str(ROOT / "tools/check_environment.py"), str(ROOT), extras(path)]
        if lacks := subprocess.run(check, capture_output=True, text=True).stdout.strip():
            pytest.skip(f"this environment lacks {lacks}")
        folder = tmp_path / "notebook"
        folder.mkdir()
        notebook = nbformat.read(path, as_version=4)
        nbformat.validate(notebook)
        resources = {"metadata": {"path": str(folder)}}
        patient = {"timeout": None, "startup_timeout": 1800}  # a busy machine is slow, and not wrong
        nbclient.NotebookClient(notebook, **patient, kernel_name="python3", resources=resources).execute()
        return Run(folder, notebook)

    return whole


def test_spot_hears_what_is_said_and_shows_and_plays_it(run):
    from kwskit import Spotter

    done = run("spot")
    spotter = Spotter.load()
    for text in ("hey nova", "garden door", "banana"):
        spotter.enrol(text, fa_per_hour=0.5)
    hits = spotter.spot(done.folder / "spoken.wav")
    assert [hit.keyword for hit in hits] == ["hey nova", "garden door"]
    for hit in hits:
        assert f"{hit.keyword}: {hit.start:.2f} to {hit.end:.2f} s, score {hit.score:.2f} (" in done.text
    assert re.search(r"^nova: (risky|poor)$", done.text, re.M)
    assert (done.count("image/png"), done.count("text/html", "<audio")) == (2, 2)


def test_search_finds_typed_and_spoken_words_where_they_are(run):
    from kwskit.index.speech_index import SpeechIndex

    done = run("search")
    first, second = re.findall(r"^.* files indexed.*$", done.text, re.M)
    assert first.startswith("8 files indexed; ")
    assert second.startswith("0 files indexed, 8 unchanged; ")
    found = re.findall(r"^ *([\d.]+)  (\w+)\.wav at ", done.text, re.M)
    assert {name for _, name in found[:2]} == {"science", "report"}
    assert found[5][1] == "kitchen"  # the first of the spoken query
    index = SpeechIndex.open(done.folder / "index")
    assert index.search("elephant", top=1)[0].score < 4 < index.search("symphony", top=1)[0].score
    assert (done.count("image/png"), done.count("text/html", "<audio")) == (1, 2)


def test_train_compares_the_loss_that_it_writes(run):
    metrics = pytest.importorskip("sklearn.metrics")
    from kwskit.data.records import read_records

    done = run("train")
    (table,) = (data["text/markdown"] for data in done.shown if "text/markdown" in data)
    runs = sorted((done.folder / "recipe/exp/tables/tiny/runs").iterdir())
    assert len(runs) == 2
    for folder in runs:
        (scored,) = folder.glob("*/scores/trained/test_wsj.tsv")
        scores, _ = read_records(scored, "scores")
        precision = metrics.average_precision_score(scores["target"].to_numpy(), scores["score"].to_numpy())
        assert f"{100 * precision:.1f}" in table
        (curve,) = folder.rglob("epochs.tsv")
        with curve.open() as source:
            first, *_, last = csv.DictReader(source, delimiter="\t")
        assert (last["epoch"], float(last["train_total"]) < float(first["train_total"])) == ("3", True)
    assert any("my_contrast" in folder.name for folder in runs)
    assert (done.count("image/png"), done.count("text/html", "<audio")) == (1, 1)
